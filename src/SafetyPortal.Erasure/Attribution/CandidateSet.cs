using SafetyPortal.Diffusion.Unet;
using TorchSharp.Modules;

namespace SafetyPortal.Erasure.Attribution;

/// <summary>Which weights may be scored and ablated.</summary>
public enum CandidateSet
{
    /// <summary>Every 2-D weight with <c>ff</c> in its name, the choice of the CAD paper (arXiv 2412.02542).</summary>
    FeedForward,

    /// <summary>The feed-forward weights plus the attention projections to_q, to_k, to_v and to_out.0.</summary>
    FeedForwardAndAttention,
}

/// <summary>One tensor whose entries are components: scalars that attribution scores and ablation may change.</summary>
/// <param name="Name">The name in the checkpoint.</param>
/// <param name="Weight">The live parameter, [rows, columns].</param>
public sealed record Candidate(string Name, Parameter Weight);

/// <summary>Picks the candidates of a UNet, in the order of its parameters.</summary>
public static class Candidates
{
    private static readonly string[] AttentionProjections = [".to_q.weight", ".to_k.weight", ".to_v.weight", ".to_out.0.weight"];

    /// <summary>Lists the candidate weights of <paramref name="unet"/>.</summary>
    /// <exception cref="InvalidOperationException">The model has no such weight.</exception>
    public static IReadOnlyList<Candidate> Of(UNet2DConditionModel unet, CandidateSet set)
    {
        List<Candidate> picked =
            [.. unet.named_parameters().Where(p => p.parameter.ndim == 2 && Matches(p.name, set)).Select(p => new Candidate(p.name, p.parameter))];
        return picked.Count > 0
            ? picked
            : throw new InvalidOperationException($"Expected a UNet with {set} weights to attribute; this one has none.");
    }

    /// <summary>Whether the 2-D weight called <paramref name="name"/> belongs to <paramref name="set"/>.</summary>
    public static bool Matches(string name, CandidateSet set) =>
        name.Contains("ff", StringComparison.Ordinal)
        || (set == CandidateSet.FeedForwardAndAttention && AttentionProjections.Any(suffix => name.EndsWith(suffix, StringComparison.Ordinal)));
}
