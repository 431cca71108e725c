using System.Text;
using SafetyPortal.Diffusion.Checkpoints;
using SafetyPortal.Diffusion.Safetensors;
using static TorchSharp.torch;

namespace SafetyPortal.Lab.Parity;

/// <summary>
/// Weights computed from their names and a seed (splitmix64 over FNV-1a), as the reference numbers' <c>detinit.py</c> describes, so that
/// large networks can be compared without storing them. Bit-exact everywhere.
/// </summary>
/// <param name="shapes">The tensors to make.</param>
/// <param name="seed">The set's seed.</param>
internal sealed class GeneratedWeights(IReadOnlyList<ParameterShape> shapes, ulong seed) : ITensorSource
{
    public string Location => "generated weights";

    public IReadOnlyDictionary<string, SafetensorsEntry> Entries { get; } = shapes.ToDictionary(
        s => s.Name, s => new SafetensorsEntry(s.Name, ScalarType.Float32, s.Shape, 0, 4 * s.Elements), StringComparer.Ordinal);

    public Tensor Read(string name, ScalarType? @as = null, Device? device = null)
    {
        var value = tensor(Values(new(name, Entries[name].Shape), seed), [.. Entries[name].Shape]);
        return @as is null && device is null ? value : value.to(@as ?? ScalarType.Float32).to(device ?? CPU);
    }

    public void Dispose()
    {
        // Nothing is held between reads.
    }

    private static float[] Values(ParameterShape shape, ulong seed)
    {
        var (offset, width) = Range(shape);
        var start = Hash(shape.Name) ^ seed;
        var values = new float[shape.Elements];
        for (var i = 0; i < values.Length; i++)
        {
            var z = unchecked(start + ((ulong)(i + 1) * 0x9E3779B97F4A7C15));
            z = unchecked((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9);
            z = unchecked((z ^ (z >> 27)) * 0x94D049BB133111EB);
            z ^= z >> 31;
            var unit = (z >> 40) / 16777216.0; // 24 bits, exact
            values[i] = (float)(offset + (width * ((2 * unit) - 1)));
        }

        return values;
    }

    private static (double Offset, double Width) Range(ParameterShape shape) => shape.Shape.Count >= 2
        ? (0, Math.Sqrt(6.0 * shape.Shape[0] / shape.Elements))
        : shape.Name[(shape.Name.LastIndexOf('.') + 1)..] switch
        {
            "running_mean" => (0, 0.1),
            "running_var" => (1, 0.5),
            "weight" => (1, 0.1),
            _ => (0, 0.1),
        };

    private static ulong Hash(string name) =>
        Encoding.UTF8.GetBytes(name).Aggregate(14695981039346656037, (hash, b) => unchecked((hash ^ b) * 1099511628211));
}
