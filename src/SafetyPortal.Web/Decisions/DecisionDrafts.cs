using Microsoft.Extensions.Caching.Memory;
using SafetyPortal.Requests.Approval;

namespace SafetyPortal.Web.Decisions;

/// <summary>Text of an approver that is not sent yet.</summary>
public sealed record DecisionDraft(DecisionReason Reason, string Comment, string Waiver)
{
    public static readonly DecisionDraft Empty = new(DecisionReason.None, "", "");
}

/// <summary>Keeps what an approver wrote while they confirm who they are, which takes another page and costs the circuit.</summary>
public sealed class DecisionDrafts(IMemoryCache cache)
{
    private static readonly TimeSpan Kept = TimeSpan.FromHours(1);

    public DecisionDraft Read(string userId, long requestId) => cache.Get<DecisionDraft>(Key(userId, requestId)) ?? DecisionDraft.Empty;

    public void Write(string userId, long requestId, DecisionDraft draft) => cache.Set(Key(userId, requestId), draft, Kept);

    public void Discard(string userId, long requestId) => cache.Remove(Key(userId, requestId));

    private static (string, string, long) Key(string userId, long requestId) => ("decision draft", userId, requestId);
}
