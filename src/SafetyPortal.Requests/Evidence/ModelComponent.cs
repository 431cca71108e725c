namespace SafetyPortal.Requests.Evidence;

/// <summary>A part of the model folder that a run worked with.</summary>
/// <param name="Name">The sub-folder, such as "text_encoder" or "judge", or a file beside them.</param>
/// <param name="Digest">SHA-256 over the names and contents of the files in it that a loader may read.</param>
public sealed record ModelComponent(string Name, string Digest);
