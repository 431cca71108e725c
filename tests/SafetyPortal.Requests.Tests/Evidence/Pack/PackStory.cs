using System.IO.Compression;
using System.Text;
using System.Text.Json;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Approval;
using SafetyPortal.Requests.Artifacts;
using SafetyPortal.Requests.Audit;
using SafetyPortal.Requests.Evidence;
using SafetyPortal.Requests.Evidence.Pack;
using SafetyPortal.Requests.Policies;
using SafetyPortal.Requests.Runs;

namespace SafetyPortal.Requests.Tests.Evidence.Pack;

/// <summary>A decided request with real evidence, and ways to tamper with its exported pack.</summary>
internal static class PackStory
{
    /// <summary>Approves a request with four images and a comment; another request is filed meanwhile.</summary>
    public static async Task<EraseRequest> TellAsync(PortalTest portal)
    {
        var request = await portal.SubmitAsync();
        var run = await portal.Get<StartRun>().ExecuteAsync(portal.Reviewer, request.Id, default);
        var ticket = await portal.Get<RunLease>().ClaimAsync(run.Id, "worker-1", default);
        await portal.SubmitAsync(name: "dog");
        var evidence = await EvidenceAsync(portal, request);
        var verdict = await portal.Get<VerdictSigner>().SignAsync(evidence, default);
        var artifact = await PutAsync(portal, evidence.ToBytes());
        await portal.Get<RunLease>().CompleteAsync(
            ticket!, new(evidence.Digest(), artifact, evidence.PatchDigest, evidence.ResultDigest, 0.05, GatesPassed: true, verdict), default);
        return await portal.Get<DecideRequest>().ExecuteAsync(
            portal.Approver, request.Id, new(DecisionKind.Approve, evidence.Digest(), Comment: "Looked at every pair."), default);
    }

    public static async Task<byte[]> ExportAsync(PortalTest portal, Actor actor, long requestId)
    {
        using var pack = new MemoryStream();
        await portal.Get<ExportEvidence>().ExecuteAsync(actor, requestId, pack, default);
        return pack.ToArray();
    }

    public static async Task<PackReport> VerifyAsync(byte[] pack, params string[] trusted)
    {
        using var content = new MemoryStream(pack);
        return await PackVerifier.VerifyAsync(content, trusted, default);
    }

    /// <summary>Unpacks, changes files, and packs again.</summary>
    /// <param name="honestly">Whether the manifest stays as it was and gives the change away.</param>
    public static byte[] Change(byte[] pack, bool honestly, Action<SortedDictionary<string, byte[]>> change)
    {
        var files = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        using (var zip = new ZipArchive(new MemoryStream(pack)))
        {
            foreach (var entry in zip.Entries)
            {
                using var content = entry.Open();
                using var bytes = new MemoryStream();
                content.CopyTo(bytes);
                files[entry.FullName] = bytes.ToArray();
            }
        }
        change(files);
        if (!honestly)
        {
            var manifest = JsonSerializer.Deserialize<PackManifest>(files[PackPath.Manifest], CanonicalJson.Options)!;
            manifest = manifest with
            {
                Files = [.. files.Where(f => f.Key != PackPath.Manifest)
                    .Select(f => new PackFile(f.Key, f.Value.Length, Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(f.Value))))],
            };
            files[PackPath.Manifest] = Encoding.UTF8.GetBytes(CanonicalJson.Serialize(manifest));
        }
        return Zip([.. files.Select(f => (f.Key, f.Value))]);
    }

    public static byte[] Zip(params (string Name, byte[] Content)[] files)
    {
        using var target = new MemoryStream();
        using (var zip = new ZipArchive(target, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, content) in files)
            {
                using var entry = zip.CreateEntry(name, CompressionLevel.Optimal).Open();
                entry.Write(content);
            }
        }
        return target.ToArray();
    }

    private static async Task<EvidenceDocument> EvidenceAsync(PortalTest portal, EraseRequest request)
    {
        var metrics = EvidenceDocumentTests.Metrics;
        var entries = new List<GalleryEntry>();
        foreach (var seed in new byte[] { 1, 2 })
        {
            var (before, after) = (await PutAsync(portal, [1, seed]), await PutAsync(portal, [2, seed]));
            entries.Add(new("target", $"a church {seed}", seed, before, after, Sensitive: false, "church", "dog"));
        }
        return new EvidenceDocument
        {
            Request = EvidenceRequest.From(request, "demo"),
            BaseDigest = PortalTest.Digest('a'),
            PatchDigest = await PutAsync(portal, "patch"u8.ToArray()),
            ResultDigest = PortalTest.Digest('c'),
            ChosenDose = 0.05,
            AblatedWeights = 46_694,
            Metrics = metrics,
            DoseCurve = [new(0.05, 46_694, metrics, true)],
            Policy = (await portal.Get<CurrentPolicy>().GetAsync(default)).Name,
            Gates = GateRule.Judge(PolicyDocument.Default, metrics),
            Gallery = EvidenceGallery.From(entries),
            Environment = new("1.0", "2.10.0", "cpu", 2, "float32"),
        };
    }

    private static Task<string> PutAsync(PortalTest portal, byte[] bytes) => portal.Get<IArtifactStore>().PutAsync(bytes, default);
}
