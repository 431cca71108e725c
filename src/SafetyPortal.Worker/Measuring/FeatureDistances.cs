using SafetyPortal.Evaluation;
using SafetyPortal.Requests.Evidence;

namespace SafetyPortal.Worker.Measuring;

/// <summary>What to call a Frechet distance: after its features and its size, since neither different encoders nor different n can be compared.</summary>
public static class FidBackbone
{
    /// <param name="uses">Networks that were supplied; null or empty when the model folder's encoder was used.</param>
    /// <param name="n">Images on each side.</param>
    public static string Name(IReadOnlyList<BackboneUse>? uses, int n)
    {
        var network = uses?.FirstOrDefault(u => string.Equals(u.Measures, "FID", StringComparison.Ordinal))?.Network;
        // "Demo encoder" is the model folder's own image encoder.
        return $"FID ({(n < Fid.SmallSample ? "small n, " : "")}{network ?? "demo encoder"})";
    }
}
