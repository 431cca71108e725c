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

    private readonly Dictionary<string, Tensor> _tensors = new(StringComparer.Ordinal);

    private BackboneWeights()
    {
    }

    public Tensor this[string name] => _tensors[name];

    /// <summary>Reads the tensors of a network.</summary>
    /// <param name="network">The name of the network in messages.</param>
    /// <param name="expected">Every tensor it needs.</param>
    /// <param name="sources">The files that together hold every tensor once.</param>
    /// <param name="rename">Returns the network's name of a tensor in a file; null leaves the tensor out.</param>
    /// <exception cref="ModelFormatException">A tensor is missing, unexpected or misshapen, or holds NaN or infinity; the message names each.</exception>
    public static BackboneWeights Read(
        string network, IReadOnlyList<ParameterShape> expected, IReadOnlyList<ITensorSource> sources, Func<string, string?> rename)
    {
        var places = Match(network, expected, sources, rename);
        var weights = new BackboneWeights();
        try
        {
            foreach (var (name, place) in places)
                weights._tensors.Add(name, Finite(place.Source, place.Name));
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
        Tensor Double(string name) => _tensors[name].to(ScalarType.Float64);
        var factor = Double(normalisation + ".weight") / (Double(normalisation + ".running_var") + epsilon).sqrt(); // [out]
        var weight = Double(convolution + ".weight") * factor.view(-1, 1, 1, 1); // [out, in, kh, kw]
        var bias = Double(normalisation + ".bias") - (Double(normalisation + ".running_mean") * factor); // [out]
        string[] statistics = [".weight", ".bias", ".running_mean", ".running_var"];
        foreach (var name in statistics.Select(s => normalisation + s).Prepend(convolution + ".weight"))
        {
            if (_tensors.Remove(name, out var tensor))
                tensor.Dispose();
        }

        _tensors.Add(into + ".weight", weight.to(ScalarType.Float32).contiguous().DetachFromDisposeScope());
        _tensors.Add(into + ".bias", bias.to(ScalarType.Float32).contiguous().DetachFromDisposeScope());
    }

    public void Dispose()
    {
        foreach (var weight in _tensors.Values)
            weight.Dispose();
        _tensors.Clear();
    }

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
            // LPIPS saves its linear layers under two names; they are read once.
            places.TryAdd(name, (source, entry.Name));
        }

        var missing = expected.Where(e => !places.ContainsKey(e.Name)).Select(e => e.ToString()).ToList();
        if (missing.Count + unexpected.Count + misshapen.Count == 0)
            return places;
        var problems = new[] { Part("missing", missing), Part("unexpected", unexpected), Part("misshapen", misshapen) }.Where(p => p is not null);
        throw new ModelFormatException(
            $"{string.Join(", ", sources.Select(s => s.Location))}: these are not the weights of {network}: {string.Join("; ", problems)}");
    }

    private static string? Part(string kind, List<string> items)
    {
        var more = items.Count > Shown ? $" and {items.Count - Shown} more" : "";
        return items.Count == 0 ? null : $"{items.Count} {kind}: {string.Join(", ", items.Take(Shown))}{more}";
    }
}
