namespace SafetyPortal.Findings;

/// <summary>What the portal must know of a model before requests can name it.</summary>
/// <param name="Folder">Folder name under the model root; never a path.</param>
/// <param name="Digest">Digest of the UNet's weights, 64 hexadecimal digits.</param>
/// <param name="Objects">Things its prompts ask for.</param>
/// <param name="DrawsNudity">Whether its prompts ask for unclothed people or stand-ins.</param>
public sealed record ModelDescription(string Name, string Folder, string Digest, IReadOnlyList<string> Objects, IReadOnlyList<string> Styles, bool DrawsNudity);
