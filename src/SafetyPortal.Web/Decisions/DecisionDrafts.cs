using Microsoft.Extensions.Caching.Memory;
using SafetyPortal.Requests.Approval;

namespace SafetyPortal.Web.Decisions;

/// <summary>What an approver wrote and has not sent.</summary>
public sealed record DecisionDraft(DecisionReason Reason, string Comment, string Waiver)
{
    public static readonly DecisionDraft Empty = new(DecisionReason.None, "", "");
}

/// <summary>Keeps drafts while approvers confirm their identity on another page, which ends the circuit.</summary>
public sealed class DecisionDrafts(IMemoryCache cache)
{
    private static readonly TimeSpan Kept = TimeSpan.FromHours(1);

    public DecisionDraft Read(string userId, long requestId) => cache.Get<DecisionDraft>(Key(userId, requestId)) ?? DecisionDraft.Empty;

    public void Write(string userId, long requestId, DecisionDraft draft) => cache.Set(Key(userId, requestId), draft, Kept);

    public void Discard(string userId, long requestId) => cache.Remove(Key(userId, requestId));

    private static (string, string, long) Key(string userId, long requestId) => ("decision draft", userId, requestId);
}
