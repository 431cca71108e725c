using SafetyPortal.Diffusion.Checkpoints;
using SafetyPortal.Diffusion.Safetensors;
using static TorchSharp.torch;

namespace SafetyPortal.Lab.Bench;

/// <summary>
/// Random weights on the scale of PyTorch's default initialisation, so that activations stay finite in every precision. A tensor's values
/// depend on the seed and its name alone.
/// </summary>
internal static class MakeModelWeights
{
    private const double EmbeddingDeviation = 0.02;

    /// <summary>The tensors of one part, none of them made yet.</summary>
    /// <param name="shapes">What the network of this part has.</param>
    /// <param name="dtype">The type to store.</param>
    /// <param name="seed">Other seeds give other weights.</param>
    /// <param name="rename">From the network's names to the file's.</param>
    public static List<DeferredTensor> Of(IReadOnlyList<ParameterShape> shapes, ScalarType dtype, long seed, Func<string, string>? rename = null)
    {
        var sizes = shapes.ToDictionary(s => s.Name, s => s.Shape, StringComparer.Ordinal);
        return [.. shapes.Select(s => new DeferredTensor(rename?.Invoke(s.Name) ?? s.Name, s.Shape, dtype, () => Values(s, sizes, seed)))];
    }

    private static Tensor Values(ParameterShape parameter, Dictionary<string, IReadOnlyList<long>> sizes, long seed)
    {
        long[] shape = [.. parameter.Shape];
        var isBias = parameter.Name.EndsWith(".bias", StringComparison.Ordinal);
        var weight = isBias ? sizes.GetValueOrDefault(parameter.Name[..^4] + "weight", parameter.Shape) : parameter.Shape;
        if (weight.Count == 1)
            return isBias ? zeros(shape) : ones(shape); // a normalisation
        using var generator = new Generator(Seed(seed, parameter.Name));
        if (parameter.Name.Contains("embedding.weight", StringComparison.Ordinal) && parameter.Name.Contains("embeddings.", StringComparison.Ordinal))
            return randn(shape, generator: generator) * EmbeddingDeviation;
        var bound = 1 / Math.Sqrt(weight.Skip(1).Aggregate(1.0, (product, size) => product * size));
        return (rand(shape, generator: generator) - 0.5) * (2 * bound);
    }

    // FNV-1a over the name, begun at the seed.
    private static ulong Seed(long seed, string name) =>
        name.Aggregate(14695981039346656037UL ^ unchecked((ulong)seed), (hash, c) => unchecked((hash ^ c) * 1099511628211UL));
}
