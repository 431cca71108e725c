using SafetyPortal.Diffusion.Unet;
using SafetyPortal.Erasure.Ablation;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafetyPortal.Erasure.Faithfulness;

/// <summary>
/// The scored weights of a live model as one long row, with their scores. Callers zero sets of positions and restore them. Positions
/// count through the tensors in the order of the scores.
/// </summary>
internal sealed class EditableWeights : IDisposable
{
    private readonly List<(string Name, Parameter Weight, long Start)> tensors = [];
    private readonly float[] scores;

    public EditableWeights(UNet2DConditionModel unet, IReadOnlyList<(string Name, Tensor Score)> scored)
    {
        var named = unet.named_parameters().ToDictionary(p => p.name, p => p.parameter, StringComparer.Ordinal);
        foreach (var (name, score) in scored)
        {
            if (!named.TryGetValue(name, out var weight))
                throw new ArgumentException($"Expected scores of this model's weights, it has none called {name}.", nameof(scored));
            if (!weight.shape.SequenceEqual(score.shape))
                throw new ArgumentException($"Expected scores of shape [{string.Join(", ", weight.shape)}] for {name}, got [{string.Join(", ", score.shape)}].", nameof(scored));
            tensors.Add((name, weight, Count));
            Count += weight.numel();
        }

        using var scope = NewDisposeScope();
        scores = cat(scored.Select(s => s.Score.reshape(-1)).ToList()).to(ScalarType.Float32).cpu().data<float>().ToArray();
    }

    /// <summary>Number of scored weights.</summary>
    public long Count { get; private set; }

    public IReadOnlyList<(string Name, Parameter Weight, long Start)> Tensors => tensors;

    /// <summary>Sum of the scores at ascending positions.</summary>
    public double ScoreOf(long[] positions) => positions.Sum(p => (double)scores[p]);

    /// <summary>Sum of the scores' magnitudes over a range of positions.</summary>
    public double MassOf(long start, long count)
    {
        double mass = 0;
        for (var i = start; i < start + count; i++) mass += Math.Abs(scores[i]);
        return mass;
    }

    /// <summary>The positions of the <paramref name="share"/> with the highest and with the lowest scores, in the order of their scores.</summary>
    public (long[] High, long[] Low) Extremes(double share)
    {
        var order = Enumerable.Range(0, scores.Length).Select(i => (long)i).ToArray();
        var keys = (float[])scores.Clone();
        Array.Sort(keys, order);
        var count = Math.Max(1, (int)(scores.Length * share));
        return (order[^count..], order[..count]);
    }

    /// <summary>Zeroes the weights at ascending positions until the result is disposed.</summary>
    public IDisposable Zero(long[] positions)
    {
        var zeroed = new WeightChanges();
        var next = 0;
        foreach (var (_, weight, start) in tensors)
        {
            var first = next;
            var end = start + weight.numel();
            while (next < positions.Length && positions[next] < end) next++;
            if (next == first) continue;
            var local = positions[first..next].Select(p => p - start).ToArray();
            zeroed.Write(weight, local);
        }

        return zeroed;
    }

    public void Dispose() => tensors.Clear();
}
