namespace SafetyPortal.Requests.Runs;

/// <summary>The stored output of one finished stage.</summary>
public sealed class StageResult
{
    public long Id { get; private set; }

    public long RunId { get; private set; }

    public required RunStage Stage { get; init; }

    /// <summary>SHA-256 under which the artifact store keeps the output.</summary>
    public required string ArtifactDigest { get; init; }

    /// <summary>Working time of the stage.</summary>
    public required double Seconds { get; init; }

    public required DateTimeOffset FinishedAt { get; init; }
}
