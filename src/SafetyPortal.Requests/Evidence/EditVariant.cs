namespace SafetyPortal.Requests.Evidence;

/// <summary>The settings that the search of an edit chose. They differ from the request's when no dose passed with those.</summary>
/// <param name="Window">Part of the trajectory, noisiest first, at which suppression was learned, 0 to 1.</param>
/// <param name="FeedForwardOnly">Whether the attention was left alone.</param>
public sealed record EditVariant(AblationScope Scope, double Window, bool FeedForwardOnly);
