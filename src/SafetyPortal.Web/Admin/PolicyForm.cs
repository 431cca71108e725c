namespace SafetyPortal.Web.Admin;

/// <summary>A policy as its form shows it: rates in per cent, an empty field for a gate that is off.</summary>
public sealed class PolicyForm
{
    public double? MinDetectionDrop { get; set; }

    public double? MaxDetectionUpperBound { get; set; }

    public double? MinMeanRetention { get; set; }

    public double? MinWorstRetention { get; set; }

    public double? MaxClipScoreDrop { get; set; }

    public double? MaxFid { get; set; }

    public int MinSamples { get; set; }

    public bool PlaceboMustNotPass { get; set; }

    public int QuorumNudity { get; set; }

    public int QuorumStyle { get; set; }

    public int QuorumObject { get; set; }

    public static PolicyForm From(PolicyDocument policy)
    {
        ArgumentNullException.ThrowIfNull(policy);
        return new()
        {
            MinDetectionDrop = policy.MinDetectionDrop * 100,
            MaxDetectionUpperBound = policy.MaxDetectionUpperBound * 100,
            MinMeanRetention = policy.MinMeanRetention * 100,
            MinWorstRetention = policy.MinWorstRetention * 100,
            MaxClipScoreDrop = policy.MaxClipScoreDrop,
            MaxFid = policy.MaxFid,
            MinSamples = policy.MinSamples,
            PlaceboMustNotPass = policy.PlaceboMustNotPass,
            QuorumNudity = policy.QuorumNudity,
            QuorumStyle = policy.QuorumStyle,
            QuorumObject = policy.QuorumObject,
        };
    }

    /// <summary>The policy as written. The two gates that cannot be off become out of range when their field is empty, which is then refused.</summary>
    public PolicyDocument ToPolicy() => new()
    {
        MinDetectionDrop = Rate(MinDetectionDrop) ?? double.NaN,
        MaxDetectionUpperBound = Rate(MaxDetectionUpperBound),
        MinMeanRetention = Rate(MinMeanRetention) ?? double.NaN,
        MinWorstRetention = Rate(MinWorstRetention),
        MaxClipScoreDrop = MaxClipScoreDrop,
        MaxFid = MaxFid,
        MinSamples = MinSamples,
        PlaceboMustNotPass = PlaceboMustNotPass,
        QuorumNudity = QuorumNudity,
        QuorumStyle = QuorumStyle,
        QuorumObject = QuorumObject,
    };

    // Whole per cents come back as the decimal they were: 80 / 100 is 0.8, while 0.8 * 100 / 100 need not be.
    private static double? Rate(double? percent) => percent is { } value ? Math.Round(value / 100, 6) : null;
}
