namespace SafetyPortal.Requests.Audit;

/// <summary>What was done to the history.</summary>
public enum AuditFault
{
    /// <summary>A column of an event is not what it was.</summary>
    ChangedField = 0,

    /// <summary>An event is at another place than it was written.</summary>
    Reordered = 1,

    /// <summary>An event between others is gone.</summary>
    Missing = 2,

    /// <summary>The newest events, which a checkpoint vouches for, are gone.</summary>
    CutTail = 3,

    /// <summary>The events agree among themselves but not with a checkpoint: they were written anew.</summary>
    RewrittenLog = 4,

    /// <summary>A checkpoint was not signed with the portal's key, or lines of the file were changed or taken out.</summary>
    ForgedCheckpoint = 5,

    /// <summary>The last line of the checkpoint file is incomplete: its writing was cut off. The next checkpoint takes its place.</summary>
    TornCheckpoint = 6,
}

/// <summary>One finding. <paramref name="Sequence"/> is the first bad event, or for a forged or torn checkpoint its line number.</summary>
public sealed record AuditProblem(AuditFault Fault, long Sequence, string Text);

/// <summary>The result of a verification.</summary>
/// <param name="Problems">Empty when the history is sound; the first is the earliest bad event.</param>
/// <param name="EventCount">Events looked at.</param>
/// <param name="AnchoredCount">Events the newest genuine checkpoint vouches for; later ones are not yet anchored.</param>
/// <param name="HeadHash">Hash of the newest event, 64 zeros when there is none.</param>
public sealed record AuditReport(IReadOnlyList<AuditProblem> Problems, long EventCount, long AnchoredCount, int CheckpointCount, string HeadHash)
{
    public bool Sound => Problems.Count == 0;

    public long NotYetAnchored => Math.Max(0, EventCount - AnchoredCount);
}
