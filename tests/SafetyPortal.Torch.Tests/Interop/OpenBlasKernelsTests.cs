using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using TorchSharp.Interop;
using static TorchSharp.torch;

namespace TorchSharp.Tests.Interop;

public partial class OpenBlasKernelsTests
{
    [Theory]
    [InlineData(true, true, "SKYLAKEX")]
    [InlineData(false, true, "HASWELL")]
    [InlineData(false, false, null)]
    public void For_InstructionSets_NamesTheWidestKernels(bool avx512, bool avx2, string? expected) =>
        OpenBlasKernels.For(avx512, avx2).ShouldBe(expected);

    [Fact]
    public void FirstTensor_OnAProcessorWithAvx2_HasToldOpenBlas()
    {
        using var tensor = ones(1);
        if (Avx2.IsSupported && Fma.IsSupported && OperatingSystem.IsLinux())
            Marshal.PtrToStringUTF8(getenv(OpenBlasKernels.Variable)).ShouldNotBeNullOrEmpty();
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint getenv(string name);
}
