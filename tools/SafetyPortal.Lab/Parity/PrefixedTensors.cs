using SafetyPortal.Diffusion.Checkpoints;
using SafetyPortal.Diffusion.Safetensors;
using static TorchSharp.torch;

namespace SafetyPortal.Lab.Parity;

/// <summary>Those tensors of a golden item that a network has, stored under a prefix.</summary>
internal sealed class PrefixedTensors(GoldenItem item, string prefix, IReadOnlyList<ParameterShape> shapes) : ITensorSource
{
    public string Location => $"reference tensors {prefix}*";

    public IReadOnlyDictionary<string, SafetensorsEntry> Entries { get; } = shapes
        .Where(s => item.Has(prefix + s.Name))
        .ToDictionary(s => s.Name, s => item.Entry(prefix + s.Name) with { Name = s.Name }, StringComparer.Ordinal);

    public Tensor Read(string name, ScalarType? @as = null, Device? device = null)
    {
        var value = item.Read(prefix + name);
        return value.to(@as ?? value.dtype).to(device ?? CPU);
    }

    public void Dispose()
    {
        // The golden item closes its file.
    }
}
