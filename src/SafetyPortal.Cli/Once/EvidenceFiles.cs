using SafetyPortal.Images;
using SafetyPortal.Requests.Artifacts;
using SafetyPortal.Requests.Evidence;

namespace SafetyPortal.Cli.Once;

/// <summary>Writes the contact sheet and the evidence of a run as files.</summary>
internal static class EvidenceFiles
{
    private const int Columns = 12;
    private const int Gap = 2;
    private static readonly ImageLimits Limits = new(MaxBytes: 64 << 20, MaxPixels: 64 << 20);

    /// <summary>Pairs of rows, before above after: the target images first, then the others, each in the order of the evidence.</summary>
    public static async Task<string> WriteSheetAsync(IArtifactStore artifacts, EvidenceDocument evidence, string folder, CancellationToken cancellation)
    {
        var tiles = new List<Raster?>();
        foreach (var group in evidence.Gallery.Entries.GroupBy(e => string.Equals(e.Group, "target", StringComparison.Ordinal)).OrderByDescending(g => g.Key))
        {
            foreach (var row in group.Chunk(Columns))
            {
                foreach (var side in new Func<GalleryEntry, string>[] { e => e.BeforeDigest, e => e.AfterDigest })
                {
                    foreach (var entry in row) tiles.Add(ImageCodec.Decode(await artifacts.ReadAsync(side(entry), cancellation), Limits));
                    for (var i = row.Length; i < Columns; i++) tiles.Add(null);
                }
            }
        }

        var path = Path.Combine(folder, "contact-sheet.png");
        await File.WriteAllBytesAsync(path, ImageCodec.EncodePng(ContactSheet.Arrange(tiles, Columns, Gap)), cancellation);
        return path;
    }

    public static async Task<string> WriteEvidenceAsync(EvidenceDocument evidence, string folder, CancellationToken cancellation)
    {
        var path = Path.Combine(folder, "evidence.json");
        await File.WriteAllBytesAsync(path, evidence.ToBytes(), cancellation);
        return path;
    }
}
