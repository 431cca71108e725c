namespace SafetyPortal.Findings;

/// <summary>The facts the portal needs of a model before requests can name it.</summary>
/// <param name="Folder">Folder name under the model root; never a path.</param>
/// <param name="Digest">Digest of the UNet's weights, 64 hexadecimal digits.</param>
/// <param name="Objects">Things its prompts name.</param>
/// <param name="DrawsNudity">Whether its prompts name unclothed people or stand-ins.</param>
public sealed record ModelDescription(string Name, string Folder, string Digest, IReadOnlyList<string> Objects, IReadOnlyList<string> Styles, bool DrawsNudity);
