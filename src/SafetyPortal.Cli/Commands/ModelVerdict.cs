using SafetyPortal.Diffusion.Inspection;

namespace SafetyPortal.Cli.Commands;

/// <summary>What <c>model verify</c> says of a folder.</summary>
/// <param name="Parameters">Numbers in the UNet; null, like what follows, if the folder is not whole.</param>
/// <param name="Candidates">Feed-forward weights that attribution would score.</param>
/// <param name="Digest">Digest of the UNet's weights, which patches name.</param>
/// <param name="PatchedDigest">Digest with the patches applied.</param>
/// <param name="Model">Parts, files and problems.</param>
internal sealed record ModelVerdict(
    string Path, string Kind, bool Whole, long? Parameters, long? Candidates, string? Digest, string? PatchedDigest, ModelFolderReport Model)
{
    public string ToText()
    {
        var lines = new List<string> { $"{Path}: {Model.Pipeline ?? "no known pipeline"}{(Model.Architecture is { } a ? $", {a}" : "")}" };
        lines.AddRange(Model.Parts.Select(p =>
            $"  {p.Name,-15} {p.Parameters,15:N0} parameters  {string.Join(" + ", p.Precision.Select(kind => p.Precision.Count == 1 ? kind.Key : $"{kind.Value:N0} {kind.Key}"))}  {p.Source ?? "no readable weights"}"));
        lines.AddRange(Model.Files.Select(f => $"  {f.Sha256}  {f.Bytes,15:N0}  {f.Path}"));
        lines.AddRange(Model.Pickles.Select(p => $"Pickle, never read: {p}"));
        lines.AddRange(Model.Notes.Select(n => $"Note: {n}"));
        if (Candidates is { } candidates) lines.Add($"{candidates:N0} feed-forward weights can be attributed");
        if (Digest is not null) lines.Add($"weights {Digest}");
        if (PatchedDigest is not null) lines.Add($"patched {PatchedDigest}");
        lines.AddRange(Model.Problems.Select(p => $"Problem: {p}"));
        lines.Add(Whole ? "Whole and well-formed." : $"Cannot be used: {Model.Problems.Count} {(Model.Problems.Count == 1 ? "problem" : "problems")}.");
        return string.Join(Environment.NewLine, lines);
    }
}
