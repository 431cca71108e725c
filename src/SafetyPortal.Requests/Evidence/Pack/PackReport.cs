namespace SafetyPortal.Requests.Evidence.Pack;

/// <summary>One thing that was checked. <paramref name="Item"/> is a file of the pack or a part of one, for example "history/events.jsonl:12".</summary>
public sealed record PackCheck(string Item, bool Passed, string Text);

/// <summary>The result of verifying a pack, in the order of the checks. A check that others rest on ends the list when it fails.</summary>
/// <param name="EvidenceDigest">What the manifest names; null when there was no manifest to read.</param>
/// <param name="AuditKeyId">SHA-256 of the key that signed the checkpoint. Readers who know the portal's key by other means compare it.</param>
/// <param name="WorkerKeyId">SHA-256 of the key that signed the gates.</param>
/// <param name="Trusted">Whether the audit key is one the verifier trusts; null when none was named.</param>
public sealed record PackReport(IReadOnlyList<PackCheck> Checks, string? EvidenceDigest, string? AuditKeyId, string? WorkerKeyId, bool? Trusted)
{
    public bool Sound => Checks.Count > 0 && Checks.All(check => check.Passed);

    /// <summary>The first thing that is wrong; null when the pack is sound.</summary>
    public PackCheck? FirstProblem => Checks.FirstOrDefault(check => !check.Passed);
}
