using SafetyPortal.Diffusion.Unet;
using SafetyPortal.Erasure.Ablation;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafetyPortal.Erasure.Faithfulness;

/// <summary>
/// The scored weights of a live model as one long row, with their scores. Callers zero sets of positions and restore them. Positions
/// count through the tensors in the order of the scores.
/// </summary>
internal sealed class EditableWeights
{
    private readonly List<(string Name, Parameter Weight, long Start)> tensors = [];
    private readonly float[] scores;

    public EditableWeights(UNet2DConditionModel unet, IReadOnlyList<(string Name, Tensor Score)> scored)
    {
        using var scope = NewDisposeScope();
        foreach (var (mask, weight) in new AblationMask([.. scored.Select(s => new TensorMask(s.Name, s.Score.shape, []))]).WeightsIn(unet))
        {
            tensors.Add((mask.Name, weight, Count));
            Count += weight.numel();
        }

        scores = cat([.. scored.Select(s => s.Score.reshape(-1))]).to(ScalarType.Float32).cpu().data<float>().ToArray();
    }

    /// <summary>Number of scored weights.</summary>
    public long Count { get; private set; }

    public IReadOnlyList<(string Name, Parameter Weight, long Start)> Tensors => tensors;

    /// <summary>Sum of the scores at ascending positions.</summary>
    public double ScoreOf(long[] positions) => positions.Sum(p => (double)scores[p]);

    /// <summary>Sum of the scores' magnitudes over a range of positions.</summary>
    public double MassOf(long start, long count) => scores.Skip((int)start).Take((int)count).Sum(score => (double)Math.Abs(score));

    /// <summary>The positions of the <paramref name="share"/> with the highest and with the lowest scores, in the order of their scores.</summary>
    public (long[] High, long[] Low) Extremes(double share)
    {
        var order = Enumerable.Range(0, scores.Length).Select(i => (long)i).ToArray();
        Array.Sort((float[])scores.Clone(), order);
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
            var (first, end) = (next, start + weight.numel());
            while (next < positions.Length && positions[next] < end)
                next++;
            if (next > first)
                zeroed.Write(weight, [.. positions[first..next].Select(p => p - start)]);
        }

        return zeroed;
    }
}
