using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Safetensors;

/// <summary>Named tensors on disk: one safetensors file, or several behind an index.</summary>
public interface ITensorSource : IDisposable
{
    /// <summary>What to call this source in a message.</summary>
    string Location { get; }

    /// <summary>Every tensor by name, in file order.</summary>
    IReadOnlyDictionary<string, SafetensorsEntry> Entries { get; }

    /// <summary>Name of the file, without folder, that holds a tensor.</summary>
    /// <param name="name">A key of <see cref="Entries"/>.</param>
    string FileOf(string name) => Path.GetFileName(Location);

    /// <summary>Copies one tensor into memory. The result belongs to the caller (or to the open dispose scope).</summary>
    /// <param name="name">A key of <see cref="Entries"/>.</param>
    /// <param name="as">The type to convert to; null keeps the stored type.</param>
    /// <param name="device">Where to put it; null is the CPU.</param>
    /// <exception cref="SafetensorsException">No such tensor, or the file changed since it was opened.</exception>
    Tensor Read(string name, ScalarType? @as = null, Device? device = null);
}
