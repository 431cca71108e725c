namespace SafetyPortal.Findings;

/// <summary>A part of the model folder that a run worked with.</summary>
/// <param name="Name">The sub-folder, such as "text_encoder" or "judge", or a file next to it.</param>
/// <param name="Digest">SHA-256 over the names and contents of the files in it that a loader may read.</param>
public sealed record ModelComponent(string Name, string Digest);

/// <summary>A network the operator supplied and its measurements, since numbers of different networks cannot be compared.</summary>
/// <param name="Measures">"FID", "second FID", "LPIPS", "objects", "nudity", or "CLIP score, zero-shot detection".</param>
/// <param name="Network">The network and all its numbers depend on: size of its input, activation, heads.</param>
/// <param name="Digest">SHA-256 of its file.</param>
/// <param name="Threshold">Score from which a detection counts; null where there is none.</param>
public sealed record BackboneUse(string Measures, string Network, string Digest, double? Threshold = null);
