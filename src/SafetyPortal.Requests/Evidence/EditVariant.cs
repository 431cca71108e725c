namespace SafetyPortal.Requests.Evidence;

/// <summary>What the search of an edit settled on, which may differ from what was asked for when no dose of that passed.</summary>
/// <param name="Window">Part of the trajectory, noisiest first, at which suppression was learned, 0 to 1.</param>
/// <param name="FeedForwardOnly">Whether the attention was left alone.</param>
public sealed record EditVariant(AblationScope Scope, double Window, bool FeedForwardOnly);
