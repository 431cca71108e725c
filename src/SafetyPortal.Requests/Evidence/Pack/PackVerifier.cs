using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using SafetyPortal.Requests.Audit;
using SafetyPortal.Requests.Policies;
using SafetyPortal.Requests.Signing;

namespace SafetyPortal.Requests.Evidence.Pack;

/// <summary>The result of one check. <paramref name="Item"/> is a file of the pack or a part of one, for example "history/events.jsonl: event 12".</summary>
public sealed record PackCheck(string Item, bool Passed, string Text);

/// <summary>The results of verifying a pack, in the order of the checks. A failed check that others need ends the list.</summary>
/// <param name="EvidenceDigest">What the manifest names; null when the manifest cannot be read.</param>
/// <param name="AuditKeyId">SHA-256 of the key that signed the checkpoint, for a reader who knows the portal's key.</param>
/// <param name="WorkerKeyId">SHA-256 of the key that signed the gates.</param>
/// <param name="Trusted">Whether the caller trusts the audit key; null when the caller named no key.</param>
public sealed record PackReport(IReadOnlyList<PackCheck> Checks, string? EvidenceDigest, string? AuditKeyId, string? WorkerKeyId, bool? Trusted)
{
    public bool Sound => Checks.Count > 0 && Checks.All(check => check.Passed);

    /// <summary>The first failed check; null when the pack is sound.</summary>
    public PackCheck? FirstProblem => Checks.FirstOrDefault(check => !check.Passed);
}

/// <summary>
/// Checks an evidence pack without the portal that made it: every file against the manifest, the evidence against the digest that a decision
/// names, the images against the gallery's Merkle root, the gates against the policy and the worker's signature, and the history against
/// its chain and the signed checkpoint. The keys are in the pack, so only a reader who knows the audit key finds a pack forged as a whole.
/// </summary>
public sealed class PackVerifier
{
    private readonly List<PackCheck> checks = [];
    private readonly PackReader pack;
    private string at = PackPath.Manifest;
    private string? auditKeyId;
    private string? workerKeyId;

    private PackVerifier(PackReader pack) => this.pack = pack;

    /// <param name="content">A seekable stream of the zip.</param>
    /// <param name="trustedKeyIds">Audit keys that the caller trusts; empty compares with none.</param>
    public static async Task<PackReport> VerifyAsync(
        Stream content, IReadOnlyCollection<string> trustedKeyIds, CancellationToken cancellationToken, PackLimits? limits = null)
    {
        try
        {
            using var reader = PackReader.Open(content, limits);
            return await new PackVerifier(reader).RunAsync(trustedKeyIds, cancellationToken);
        }
        catch (PackException error)
        {
            return new([new(error.Item, false, error.Message)], null, null, null, null);
        }
    }

    private async Task<PackReport> RunAsync(IReadOnlyCollection<string> trusted, CancellationToken cancellationToken)
    {
        PackManifest? manifest = null;
        bool? known = null;
        try
        {
            manifest = await ReadJsonAsync<PackManifest>(PackPath.Manifest, cancellationToken);
            if (manifest.Schema != PackManifest.CurrentSchema)
                throw new PackException(PackPath.Manifest, $"expected schema {PackManifest.CurrentSchema}, got {manifest.Schema}");
            await CheckFilesAsync(manifest, cancellationToken);
            if (checks.TrueForAll(check => check.Passed))
                await CheckContentAsync(manifest, cancellationToken);
            if (auditKeyId is not null && trusted.Count > 0)
            {
                known = trusted.Contains(auditKeyId);
                Check(
                    PackPath.AuditKey, known.Value,
                    "the audit key is one you trust", $"expected an audit key you trust ({string.Join(", ", trusted)}), got {auditKeyId}");
            }
        }
        catch (PackException error)
        {
            checks.Add(new(error.Item, false, error.Message));
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            // The sender of the pack may have left out, nulled or overstretched any member; the verifier must still report.
            checks.Add(new(at, false, $"it cannot be judged: {error.Message}"));
        }
        return new(checks, manifest?.EvidenceDigest, auditKeyId, workerKeyId, known);
    }

    private async Task CheckFilesAsync(PackManifest manifest, CancellationToken cancellationToken)
    {
        if (manifest.Files is null || manifest.Files.Any(file => file?.Path is null || file.Sha256 is null))
            throw new PackException(PackPath.Manifest, "it does not list the files");
        var listed = new HashSet<string>(StringComparer.Ordinal);
        foreach (var file in manifest.Files)
        {
            if (!listed.Add(file.Path))
                throw new PackException(PackPath.Manifest, $"it lists {file.Path} twice");
        }
        foreach (var path in pack.Paths.Where(path => path != PackPath.Manifest && !listed.Contains(path)))
            checks.Add(new(path, false, "the file is not in the manifest"));
        foreach (var file in manifest.Files.OrderBy(file => file.Path, StringComparer.Ordinal))
        {
            try
            {
                var (bytes, digest) = await pack.CopyAsync(file.Path, Stream.Null, cancellationToken);
                if (bytes != file.Bytes || digest != file.Sha256)
                    checks.Add(new(file.Path, false, $"expected {file.Bytes} bytes with SHA-256 {file.Sha256}, got {bytes} bytes with {digest}"));
            }
            catch (PackException error)
            {
                checks.Add(new(error.Item, false, error.Message));
            }
        }
        if (checks.Count == 0)
            checks.Add(new(PackPath.Manifest, true, $"{manifest.Files.Count} files have the digests of the manifest"));
    }

    private async Task CheckContentAsync(PackManifest manifest, CancellationToken cancellationToken)
    {
        var evidence = await CheckEvidenceAsync(manifest, cancellationToken);
        CheckImages(manifest, evidence);
        var patch = manifest.Files.FirstOrDefault(file => file.Path == PackPath.Patch)?.Sha256;
        Check(
            PackPath.Patch, patch == evidence.PatchDigest,
            "the patch is the one of the evidence", $"expected the patch {evidence.PatchDigest}, got {patch ?? "none"}");
        await CheckPolicyAsync(evidence, cancellationToken);
        var verdict = await CheckVerdictAsync(manifest, evidence, cancellationToken);

        var history = new PackHistory(checks, manifest, await ReadTextAsync(PackPath.Events, cancellationToken));
        history.CheckChain();
        var checkpoint = await ReadJsonAsync<AuditCheckpoint>(PackPath.Checkpoint, cancellationToken);
        using var key = Key(PackPath.AuditKey, await ReadTextAsync(PackPath.AuditKey, cancellationToken), out auditKeyId);
        history.CheckCheckpoint(checkpoint, key);
        history.CheckRun(verdict);
        history.CheckDecisions(await ReadJsonAsync<PackDecisions>(PackPath.Decisions, cancellationToken));
    }

    private async Task<EvidenceDocument> CheckEvidenceAsync(PackManifest manifest, CancellationToken cancellationToken)
    {
        at = PackPath.Evidence;
        var bytes = await pack.ReadAsync(PackPath.Evidence, cancellationToken);
        EvidenceDocument evidence;
        try
        {
            evidence = EvidenceDocument.FromBytes(bytes);
        }
        catch (Exception error) when (error is JsonException or NotSupportedException or ArgumentException)
        {
            throw new PackException(PackPath.Evidence, $"it cannot be read: {error.Message}", error);
        }
        if (evidence is not { Request: not null, Policy: not null, Gates: { } gates, Gallery.Entries: { } entries }
            || evidence.Metrics is not { Target.Detection: not null, Retention: not null }
            || gates.Any(gate => gate is not { Code: not null }) || entries.Any(entry => entry is not { BeforeDigest: not null, AfterDigest: not null }))
        {
            throw new PackException(PackPath.Evidence, "it lacks a member");
        }
        var problems = EvidenceDocument.Verify(bytes, manifest.EvidenceDigest);
        Check(
            PackPath.Evidence, problems.Count == 0,
            $"the evidence has the digest {manifest.EvidenceDigest} and its {entries.Count} gallery entries the Merkle root {evidence.Gallery.MerkleRoot}",
            string.Join("; ", problems));
        Check(
            PackPath.Evidence, evidence.Request.Id == manifest.RequestId,
            $"it is about request {manifest.RequestId}", $"expected evidence about request {manifest.RequestId}, got request {evidence.Request.Id}");
        return evidence;
    }

    private void CheckImages(PackManifest manifest, EvidenceDocument evidence)
    {
        CheckNamed(manifest, "images/", "images", evidence.Gallery.Entries.SelectMany(entry => new[] { entry.BeforeDigest, entry.AfterDigest }));
        CheckNamed(manifest, "artifacts/", "other artifacts", PackPath.ArtifactsOf(evidence));
    }

    /// <summary>Checks that the files of a folder are exactly those that the evidence names, each under its digest.</summary>
    private void CheckNamed(PackManifest manifest, string folder, string what, IEnumerable<string> named)
    {
        var files = manifest.Files.Where(file => file.Path.StartsWith(folder, StringComparison.Ordinal))
            .ToDictionary(file => file.Path, StringComparer.Ordinal);
        var wanted = named.Select(digest => folder + digest).ToHashSet(StringComparer.Ordinal);
        var before = checks.Count;
        foreach (var path in wanted)
        {
            if (!files.TryGetValue(path, out var file))
                checks.Add(new(path, false, "the evidence names it, the pack lacks it"));
            else if (folder + file.Sha256 != path)
                checks.Add(new(path, false, $"its content has the SHA-256 {file.Sha256}"));
        }
        foreach (var stray in files.Keys.Where(path => !wanted.Contains(path)))
            checks.Add(new(stray, false, "the evidence does not name it"));
        if (checks.Count == before && wanted.Count > 0)
            checks.Add(new(folder.TrimEnd('/'), true, $"{wanted.Count} {what} are those that the evidence names"));
    }

    private async Task CheckPolicyAsync(EvidenceDocument evidence, CancellationToken cancellationToken)
    {
        var text = await ReadTextAsync(PackPath.Policy, cancellationToken);
        var digest = CanonicalJson.DigestOfText(text);
        var named = evidence.Policy[(evidence.Policy.IndexOf(':', StringComparison.Ordinal) + 1)..];
        Check(PackPath.Policy, digest == named, $"the policy is {evidence.Policy}", $"expected the policy {named}, got {digest}");
        if (digest != named)
            return;
        PolicyDocument policy;
        try
        {
            policy = PolicyVersion.Read(text);
        }
        catch (JsonException error)
        {
            throw new PackException(PackPath.Policy, $"it cannot be read: {error.Message}", error);
        }
        at = PackPath.Evidence;
        // This version cannot compute a gate that it does not know; the worker's signature vouches for it.
        var computed = GateRule.Judge(policy, evidence.Metrics).ToDictionary(gate => gate.Code, StringComparer.Ordinal);
        var wrong = evidence.Gates.FirstOrDefault(gate => computed.TryGetValue(gate.Code, out var again) && again.Passed != gate.Passed);
        Check(
            PackPath.Evidence, wrong is null,
            $"{evidence.Gates.Count(gate => computed.ContainsKey(gate.Code))} of {evidence.Gates.Count} gates follow from the policy and the metrics",
            $"the gate {wrong?.Code} is recorded as {(wrong?.Passed == true ? "passed" : "failed")}, the policy and the metrics say the opposite");
    }

    private async Task<SignedVerdict> CheckVerdictAsync(PackManifest manifest, EvidenceDocument evidence, CancellationToken cancellationToken)
    {
        var verdict = SignedVerdict.Read(await ReadTextAsync(PackPath.Verdict, cancellationToken))
            ?? throw new PackException(PackPath.Verdict, "it is no signed verdict");
        using var key = Key(PackPath.WorkerKey, await ReadTextAsync(PackPath.WorkerKey, cancellationToken), out workerKeyId);
        Check(
            PackPath.Verdict, verdict.IsSignedBy(key),
            $"the worker key {key.Id} signed the gates", $"the signature is not that of the key {key.Id} over this verdict");
        var statement = verdict.Content!;
        Check(
            PackPath.Verdict, statement.EvidenceDigest == manifest.EvidenceDigest,
            "it names the evidence", $"expected a verdict on {manifest.EvidenceDigest}, got {statement.EvidenceDigest}");
        Check(
            PackPath.Verdict,
            statement.Policy == evidence.Policy && CanonicalJson.Serialize(statement.Gates) == CanonicalJson.Serialize(evidence.Gates),
            "it holds the gates of the evidence", "the worker signed other gates or another policy than those of the evidence");
        return verdict;
    }

    private static SigningKey Key(string path, string pem, out string id)
    {
        try
        {
            var key = SigningKey.FromPem(pem);
            id = key.Id;
            return key;
        }
        catch (CryptographicException error)
        {
            throw new PackException(path, $"it is no key: {error.Message}", error);
        }
    }

    private async Task<string> ReadTextAsync(string path, CancellationToken cancellationToken)
    {
        at = path;
        try
        {
            return EvidenceDocument.StrictUtf8.GetString(await pack.ReadAsync(path, cancellationToken));
        }
        catch (DecoderFallbackException error)
        {
            throw new PackException(path, $"it is not UTF-8: {error.Message}", error);
        }
    }

    private async Task<T> ReadJsonAsync<T>(string path, CancellationToken cancellationToken)
    {
        at = path;
        try
        {
            return JsonSerializer.Deserialize<T>(await pack.ReadAsync(path, cancellationToken), CanonicalJson.Options)
                ?? throw new PackException(path, "it holds null");
        }
        catch (JsonException error)
        {
            throw new PackException(path, $"it cannot be read: {error.Message}", error);
        }
    }

    private void Check(string item, bool passed, string fine, string wrong) => checks.Add(new(item, passed, passed ? fine : wrong));
}
