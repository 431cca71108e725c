using SafetyPortal.Diffusion;
using SafetyPortal.Diffusion.Checkpoints;
using SafetyPortal.Diffusion.Safetensors;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Evaluation.Backbones;

/// <summary>
/// The weights of a metric's network in float32, without gradients. Names and shapes are checked before a tensor is read.
/// </summary>
internal sealed class BackboneWeights : IDisposable
{
    private const int Shown = 10;

    private readonly Dictionary<string, Tensor> tensors = new(StringComparer.Ordinal);

    private BackboneWeights()
    {
    }

    public Tensor this[string name] => tensors[name];

    /// <summary>The tensors of a convolution without bias and of the batch normalisation after it, in checkpoint order.</summary>
    public static IEnumerable<ParameterShape> Normalised(string convolution, string normalisation, long[] shape) =>
    [
        new($"{convolution}.weight", shape),
        new($"{normalisation}.weight", [shape[0]]),
        new($"{normalisation}.bias", [shape[0]]),
        new($"{normalisation}.running_mean", [shape[0]]),
        new($"{normalisation}.running_var", [shape[0]]),
        new($"{normalisation}.num_batches_tracked", []),
    ];

    /// <summary>Reads the tensors of a network.</summary>
    /// <param name="network">The name of the network in messages.</param>
    /// <param name="shapes">Its tensors. Counters of batches are neither needed nor read.</param>
    /// <param name="sources">The files that together hold every tensor. Copies must be equal.</param>
    /// <param name="rename">Returns the network's name of a tensor in a file; null leaves the tensor out.</param>
    /// <exception cref="ModelFormatException">A tensor is missing, unexpected or misshapen, or holds NaN or infinity; the message names each.</exception>
    public static BackboneWeights Read(
        string network, IReadOnlyList<ParameterShape> shapes, IReadOnlyList<ITensorSource> sources, Func<string, string?>? rename = null)
    {
        var places = Match(network, [.. shapes.Where(s => !IsCounter(s.Name))], sources, name => IsCounter(name) ? null : rename is null ? name : rename(name));
        var weights = new BackboneWeights();
        try
        {
            foreach (var (name, place) in places)
                weights.tensors.Add(name, Finite(place.Source, place.Name));
            return weights;
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Replaces a convolution without bias and the batch normalisation after it by one convolution with bias, <paramref name="into"/>.weight
    /// and .bias; multiplied in float64 and rounded once.
    /// </summary>
    public void Fold(string convolution, string normalisation, string into, double epsilon)
    {
        using var scope = NewDisposeScope();
        Tensor Double(string name) => tensors[name].to(ScalarType.Float64);
        var factor = Double(normalisation + ".weight") / (Double(normalisation + ".running_var") + epsilon).sqrt(); // [out]
        var weight = Double(convolution + ".weight") * factor.view(-1, 1, 1, 1); // [out, in, kh, kw]
        var bias = Double(normalisation + ".bias") - (Double(normalisation + ".running_mean") * factor); // [out]
        string[] statistics = [".weight", ".bias", ".running_mean", ".running_var"];
        foreach (var name in statistics.Select(s => normalisation + s).Prepend(convolution + ".weight"))
        {
            if (tensors.Remove(name, out var tensor))
                tensor.Dispose();
        }

        tensors.Add(into + ".weight", weight.to(ScalarType.Float32).contiguous().DetachFromDisposeScope());
        tensors.Add(into + ".bias", bias.to(ScalarType.Float32).contiguous().DetachFromDisposeScope());
    }

    public void Dispose()
    {
        foreach (var weight in tensors.Values)
            weight.Dispose();
        tensors.Clear();
    }

    private static bool IsCounter(string name) => name.EndsWith("num_batches_tracked", StringComparison.Ordinal);

    private static Tensor Finite(ITensorSource source, string name)
    {
        using var scope = NewDisposeScope();
        var value = source.Read(name, ScalarType.Float32);
        if (!value.isfinite().all().ToBoolean())
            throw new ModelFormatException($"{source.Location}: tensor \"{name}\" holds NaN or infinity");
        return value.DetachFromDisposeScope();
    }

    private static Dictionary<string, (ITensorSource Source, string Name)> Match(
        string network, IReadOnlyList<ParameterShape> expected, IReadOnlyList<ITensorSource> sources, Func<string, string?> rename)
    {
        var wanted = expected.ToDictionary(e => e.Name, e => e.Shape, StringComparer.Ordinal);
        var places = new Dictionary<string, (ITensorSource Source, string Name)>(StringComparer.Ordinal);
        List<string> unexpected = [], misshapen = [];
        foreach (var (source, entry) in sources.SelectMany(s => s.Entries.Values.Select(e => (s, e))))
        {
            if (rename(entry.Name) is not { } name)
                continue;
            if (!wanted.TryGetValue(name, out var shape))
                unexpected.Add($"{entry.Name} [{string.Join(", ", entry.Shape)}]");
            else if (!shape.SequenceEqual(entry.Shape))
                misshapen.Add($"{entry.Name} expected [{string.Join(", ", shape)}], got [{string.Join(", ", entry.Shape)}]");
            else if (entry.Dtype is not (ScalarType.Float16 or ScalarType.BFloat16 or ScalarType.Float32 or ScalarType.Float64))
                misshapen.Add($"{entry.Name} expected floating-point numbers, got {entry.Dtype}");
            // LPIPS saves its linear layers under two names.
            else if (places.TryGetValue(name, out var first) && !Same(first, (source, entry.Name)))
                misshapen.Add($"{entry.Name} expected once or in equal copies, that in {source.Location} differs from {first.Name} in {first.Source.Location}");
            places.TryAdd(name, (source, entry.Name));
        }

        var missing = expected.Where(e => !places.ContainsKey(e.Name)).Select(e => e.ToString()).ToList();
        if (missing.Count + unexpected.Count + misshapen.Count == 0)
            return places;
        var problems = new[] { Part("missing", missing), Part("unexpected", unexpected), Part("misshapen", misshapen) }.Where(p => p is not null);
        throw new ModelFormatException(
            $"{string.Join(", ", sources.Select(s => s.Location))}: these are not the weights of {network}: {string.Join("; ", problems)}");
    }

    private static bool Same((ITensorSource Source, string Name) first, (ITensorSource Source, string Name) second)
    {
        using var scope = NewDisposeScope();
        var (a, b) = (first.Source.Read(first.Name, ScalarType.Float32), second.Source.Read(second.Name, ScalarType.Float32));
        return a.shape.SequenceEqual(b.shape) && a.equal(b).all().ToBoolean();
    }

    private static string? Part(string kind, List<string> items)
    {
        var more = items.Count > Shown ? $" and {items.Count - Shown} more" : "";
        return items.Count == 0 ? null : $"{items.Count} {kind}: {string.Join(", ", items.Take(Shown))}{more}";
    }
}
