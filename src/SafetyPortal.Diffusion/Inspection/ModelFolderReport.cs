namespace SafetyPortal.Diffusion.Inspection;

/// <summary>What a model folder holds, and everything that is wrong with it.</summary>
/// <param name="Path">Absolute path.</param>
/// <param name="Pipeline">The pipeline's class; null if the index does not name one that is known.</param>
/// <param name="Architecture">In words, such as "Stable Diffusion 2.x, v_prediction"; null if the UNet's configuration cannot be read.</param>
/// <param name="Parts">The networks.</param>
/// <param name="Files">All files, with their digests.</param>
/// <param name="Pickles">Files that could run code when loaded; they are never read.</param>
/// <param name="Problems">Why the folder cannot be used; empty if it can.</param>
/// <param name="Notes">What is odd but no problem.</param>
public sealed record ModelFolderReport(
    string Path,
    string? Pipeline,
    string? Architecture,
    IReadOnlyList<ModelPartReport> Parts,
    IReadOnlyList<ModelFileReport> Files,
    IReadOnlyList<string> Pickles,
    IReadOnlyList<string> Problems,
    IReadOnlyList<string> Notes)
{
    /// <summary>True if the folder can be loaded.</summary>
    public bool IsWhole => Problems.Count == 0;
}

/// <summary>One network of a model folder.</summary>
/// <param name="Name">Its folder.</param>
/// <param name="Source">File or index the weights are in, relative to the model folder; null if there is none.</param>
/// <param name="Parameters">Numbers in it, as stored.</param>
/// <param name="Precision">How many of them are stored in each type.</param>
/// <param name="Missing">Tensors of its configuration that the file lacks.</param>
/// <param name="Unexpected">Tensors of the file that its configuration lacks.</param>
/// <param name="Misshapen">Tensors of another shape or kind of number.</param>
/// <param name="NotFinite">Tensors that hold NaN or infinity.</param>
public sealed record ModelPartReport(
    string Name,
    string? Source,
    long Parameters,
    IReadOnlyDictionary<string, long> Precision,
    IReadOnlyList<string> Missing,
    IReadOnlyList<string> Unexpected,
    IReadOnlyList<string> Misshapen,
    IReadOnlyList<string> NotFinite);

/// <summary>One file of a model folder.</summary>
/// <param name="Path">Relative to the model folder, with forward slashes.</param>
/// <param name="Sha256">Lower-case hexadecimal.</param>
public sealed record ModelFileReport(string Path, long Bytes, string Sha256);
