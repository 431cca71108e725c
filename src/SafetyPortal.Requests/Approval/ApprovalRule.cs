using System.Security.Cryptography;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Artifacts;
using SafetyPortal.Requests.Evidence;
using SafetyPortal.Requests.Signing;

namespace SafetyPortal.Requests.Approval;

/// <summary>An earlier approval of the current run's evidence.</summary>
public sealed record PriorApproval(string? ApproverId, string? EvidenceDigest);

/// <summary>An earlier waiver for the current run's evidence.</summary>
public sealed record PriorWaiver(string? GrantedById, string? EvidenceDigest, string? Reason);

/// <summary>The public key of a worker whose verdicts count.</summary>
public sealed record TrustedKey(string? Id, string? PublicPem);

/// <summary>The claim in force.</summary>
public sealed record PriorClaim(string? HolderId, string? HolderName, bool OnHold);

/// <summary>Everything the rule looks at. Null, empty and undefined values mean "not known" and deny; only a null claim means that there is none.</summary>
/// <param name="ApproverRoles">Roles that the approver holds now.</param>
/// <param name="RunStarterId">Who started the run that made the evidence.</param>
/// <param name="SeenDigest">The evidence digest that the approver names.</param>
/// <param name="CurrentDigest">The evidence digest of the request's newest run.</param>
/// <param name="SignedInAt">When the approver last proved who they are.</param>
/// <param name="GatesPassed">Whether the policy's gates passed, as the run recorded it; the signed verdict must agree.</param>
/// <param name="Quorum">How many different approvers must approve, 1 to 5.</param>
/// <param name="Verdict">The worker's signed verdict on the gates; null when it is missing or cannot be read.</param>
/// <param name="TrustedKeys">The registered worker keys that were not withdrawn.</param>
/// <param name="Claim">Who reviews the request now.</param>
public sealed record ApprovalInput(
    string? ApproverId,
    IReadOnlyList<string>? ApproverRoles,
    string? RequesterId,
    string? RunStarterId,
    RequestStatus Status,
    string? SeenDigest,
    string? CurrentDigest,
    DateTimeOffset? SignedInAt,
    DateTimeOffset Now,
    bool? GatesPassed,
    int? Quorum,
    IReadOnlyList<PriorApproval>? Approvals,
    IReadOnlyList<PriorWaiver>? Waivers,
    SignedVerdict? Verdict,
    IReadOnlyList<TrustedKey>? TrustedKeys,
    PriorClaim? Claim = null);

/// <summary>The rule's answer: allowed, or denied with a stable code and a sentence.</summary>
/// <param name="QuorumMet">Whether this approval completes the quorum.</param>
public sealed record ApprovalVerdict(bool Allowed, string Code, string Text, bool QuorumMet);

/// <summary>
/// Who may decide on what, and who may waive failed gates. Pure functions: no clock, no database, no settings.
/// The rule denies what it does not know or understand, and makes no exception for administrators.
/// </summary>
public static class ApprovalRule
{
    /// <summary>How long a sign-in counts as fresh.</summary>
    public static readonly TimeSpan FreshSignIn = TimeSpan.FromMinutes(5);

    /// <summary>How far in the future a sign-in may be before it counts as forged: clocks of two servers differ a little.</summary>
    public static readonly TimeSpan ClockSkew = TimeSpan.FromSeconds(30);

    /// <summary>Returns whether the approver may decide so.</summary>
    public static ApprovalVerdict Judge(DecisionKind kind, DecisionReason reason, ApprovalInput? input)
    {
        if (input is null)
            return Deny("malformed", "There is nothing to judge.");
        if (!Enum.IsDefined(kind) || !Enum.IsDefined(reason))
            return Deny("malformed", "The decision must be approve, reject or request changes, with a known reason.");
        return JudgePerson(input) ?? JudgeClaim(input) ?? (kind == DecisionKind.Approve ? JudgeApproval(reason, input) : JudgeRefusal(reason));
    }

    /// <summary>Returns whether the approver may waive failed gates. A colleague's claim does not stop them: one approver reviews, another waives.</summary>
    public static ApprovalVerdict JudgeWaiver(ApprovalInput? input) =>
        input is null ? Deny("malformed", "There is nothing to judge.") : JudgePerson(input) ?? Allowed;

    private static ApprovalVerdict Allowed { get; } = new(true, "allowed", "Allowed.", QuorumMet: false);

    /// <summary>Returns null when the person may judge this evidence now.</summary>
    private static ApprovalVerdict? JudgePerson(ApprovalInput input)
    {
        if (string.IsNullOrWhiteSpace(input.ApproverId))
            return Deny("unknown-approver", "It is not known who decides.");
        if (string.IsNullOrWhiteSpace(input.RequesterId) || string.IsNullOrWhiteSpace(input.RunStarterId))
            return Deny("unknown-requester", "It is not known who filed this or who started its run.");
        if (input.ApproverId == input.RequesterId)
            return Deny("own-request", "You filed this request; someone else must decide on it.");
        if (input.ApproverId == input.RunStarterId)
            return Deny("own-run", "You started the run of this request; someone else must decide on it.");
        if (input.ApproverRoles?.Contains(Roles.Approver, StringComparer.Ordinal) != true)
            return Deny("not-approver", "Only holders of the Approver role decide; no other role replaces it, Administrator included.");
        if (input.SignedInAt is not { } signedIn || signedIn > input.Now + ClockSkew || input.Now - signedIn > FreshSignIn)
            return Deny("stale-sign-in", "Confirm your password first: a decision needs a sign-in from the last 5 minutes.");
        if (input.Status != RequestStatus.AwaitingDecision)
            return Deny("wrong-status", $"The request is {input.Status.Describe()}, not awaiting a decision.");
        if (!FolderArtifactStore.IsDigest(input.CurrentDigest))
            return Deny("no-evidence", "There is no complete evidence to decide on.");
        return input.SeenDigest == input.CurrentDigest
            ? null
            : Deny("stale-evidence", "The evidence changed since you looked at it; look at the new evidence first.");
    }

    private static ApprovalVerdict? JudgeClaim(ApprovalInput input)
    {
        if (input.Claim is not { } claim || claim.HolderId == input.ApproverId)
            return null;
        return claim.OnHold
            ? Deny("on-hold", $"{claim.HolderName} put this request on hold; take it over before you decide.")
            : Deny("claimed", $"{claim.HolderName} is reviewing this request; a decision is theirs until they hand it over or their claim lapses.");
    }

    private static ApprovalVerdict JudgeRefusal(DecisionReason reason) =>
        reason == DecisionReason.None ? Deny("reason-missing", "Choose a reason for not approving.") : Allowed;

    private static ApprovalVerdict JudgeApproval(DecisionReason reason, ApprovalInput input)
    {
        if (reason != DecisionReason.None)
            return Deny("malformed", "An approval carries no reason for refusal.");
        if (input.Quorum is not { } quorum || quorum is < 1 or > 5)
            return Deny("unknown-quorum", "The policy does not say how many approvers this needs.");
        if (input.Approvals is null || input.Waivers is null
            || input.Approvals.Any(a => string.IsNullOrWhiteSpace(a?.ApproverId) || string.IsNullOrWhiteSpace(a.EvidenceDigest)))
        {
            return Deny("malformed", "The approvals given so far are not known.");
        }

        // Approvals of older evidence, and those by people who may not decide here, do not count towards the quorum.
        var others = input.Approvals
            .Where(a => a.EvidenceDigest == input.CurrentDigest && a.ApproverId != input.RequesterId && a.ApproverId != input.RunStarterId)
            .Select(a => a.ApproverId!).ToHashSet(StringComparer.Ordinal);
        if (others.Contains(input.ApproverId!))
            return Deny("already-approved", "You approved this evidence already; another approver must follow.");
        if (input.GatesPassed is null)
            return Deny("gates-unknown", "It is not known whether the gates passed.");
        if (JudgeSignature(input) is { } unsigned)
            return unsigned;
        if (input.GatesPassed == false && !input.Waivers.Any(waiver => Covers(waiver, input)))
            return Deny("gates-failed", "The gates failed; a second approver must first waive them with a reason.");
        var given = others.Count + 1;
        return given >= quorum
            ? new ApprovalVerdict(true, "allowed", "Allowed; the quorum is met.", QuorumMet: true)
            : new ApprovalVerdict(true, "allowed", $"Allowed; {given} of {quorum} approvals given.", QuorumMet: false);
    }

    /// <summary>Returns null when a worker signed exactly this evidence with these gates, with a trusted key.</summary>
    private static ApprovalVerdict? JudgeSignature(ApprovalInput input)
    {
        if (input.Verdict?.Content is not { } statement)
            return Deny("unsigned-evidence", "The worker's signature over the gates is missing; send the request back for a new run.");
        var trusted = input.TrustedKeys?.FirstOrDefault(key => key?.Id == statement.KeyId);
        if (trusted?.PublicPem is null)
            return Deny("unknown-signer", "The gates were signed with a key that no trusted worker has; send the request back for a new run.");
        try
        {
            using var key = SigningKey.FromPem(trusted.PublicPem);
            if (!input.Verdict.IsSignedBy(key))
                return Deny("bad-signature", "The worker's signature over the gates is wrong: they were changed after they were signed.");
        }
        catch (CryptographicException)
        {
            return Deny("unknown-signer", "The registered key of the worker cannot be read.");
        }
        return statement.EvidenceDigest == input.CurrentDigest && statement.GatesPassed() == input.GatesPassed
            ? null
            : Deny("signature-mismatch", "The worker signed other evidence or other gates than these; send the request back for a new run.");
    }

    private static bool Covers(PriorWaiver? waiver, ApprovalInput input) =>
        waiver is not null
        && !string.IsNullOrWhiteSpace(waiver.Reason)
        && !string.IsNullOrWhiteSpace(waiver.GrantedById)
        && waiver.GrantedById != input.ApproverId
        && waiver.GrantedById != input.RequesterId
        && waiver.GrantedById != input.RunStarterId
        && waiver.EvidenceDigest == input.CurrentDigest;

    private static ApprovalVerdict Deny(string code, string text) => new(false, code, text, QuorumMet: false);
}
