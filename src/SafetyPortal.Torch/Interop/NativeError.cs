using System.Runtime.InteropServices;

namespace TorchSharp.Interop;

/// <summary>Turns the error texts of the shim into exceptions and its results into tensors.</summary>
internal static unsafe class NativeError
{
    /// <exception cref="ExternalException">The call failed; the message is libtorch's own, without its C++ stack.</exception>
    internal static void Check(nint error)
    {
        if (error != 0)
            throw Read(error);
    }

    internal static torch.Tensor Result(nint error, nint result)
    {
        Check(error);
        return new torch.Tensor(result);
    }

    internal static (torch.Tensor, torch.Tensor) Results(nint error, nint first, nint second)
    {
        Check(error);
        return (new torch.Tensor(first), new torch.Tensor(second));
    }

    /// <summary>Takes over a native list of tensors.</summary>
    internal static torch.Tensor[] ResultList(nint error, nint list, int count) =>
        Array.ConvertAll(OptionalResultList(error, list, count), t => t!);

    /// <summary>Takes over a native list in which a null pointer means "no tensor".</summary>
    internal static torch.Tensor?[] OptionalResultList(nint error, nint list, int count)
    {
        Check(error);
        var result = new torch.Tensor?[count];
        for (var i = 0; i < count; i++)
        {
            var pointer = ((nint*)list)[i];
            result[i] = pointer == 0 ? null : new torch.Tensor(pointer);
        }

        NativeMethods.sp_free(list);
        return result;
    }

    private static ExternalException Read(nint error)
    {
        var text = Marshal.PtrToStringUTF8(error) ?? "libtorch failed without a message";
        NativeMethods.sp_free(error);
        var stack = text.IndexOf("\nException raised from", StringComparison.Ordinal);
        return new ExternalException((stack < 0 ? text : text[..stack]).TrimEnd());
    }
}
