using System.Text.Json;
using Microsoft.Extensions.Caching.Memory;
using SafetyPortal.Requests.Artifacts;
using SafetyPortal.Requests.Audit;
using SafetyPortal.Requests.Evidence;
using SafetyPortal.Requests.Runs;
using SafetyPortal.Worker.Stages;

namespace SafetyPortal.Web.Decisions;

/// <summary>Reads the evidence of finished runs. It keeps what it has read and checked for ten minutes, since stored evidence never changes.</summary>
public sealed class EvidenceReader(IArtifactStore artifacts, IMemoryCache cache)
{
    /// <summary>Returns the evidence of a run; null if the run has none.</summary>
    /// <exception cref="ArtifactException">The evidence is missing, damaged, or does not have the digest that the run names.</exception>
    public async Task<EvidenceDocument?> ReadAsync(Run? run, CancellationToken cancellationToken)
    {
        if (run?.EvidenceArtifact is not { } artifact)
            return null;
        return await cache.GetOrCreateAsync(("evidence", artifact), async entry =>
        {
            entry.SlidingExpiration = TimeSpan.FromMinutes(10);
            return Check(await artifacts.ReadAsync(artifact, cancellationToken), run);
        });
    }

    /// <summary>Returns the images of every dose that the run tried, ascending; empty if they are gone.</summary>
    /// <param name="run">With its stage results.</param>
    public async Task<IReadOnlyList<DoseImages>> ReadDosesAsync(Run run, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(run);
        if (run.StageResults.Find(result => result.Stage == RunStage.Generate)?.ArtifactDigest is not { } digest)
            return [];
        if (cache.TryGetValue(("doses", digest), out IReadOnlyList<DoseImages>? known) && known is not null)
            return known;
        var doses = await DoseGalleries.ReadAsync(artifacts, run, cancellationToken);
        // Missing images may come back, so nothing is kept for them.
        if (doses.Count > 0)
            cache.Set(("doses", digest), doses, new MemoryCacheEntryOptions { SlidingExpiration = TimeSpan.FromMinutes(10) });
        return doses;
    }

    /// <summary>Returns the points behind the faithfulness figures; null if they were not measured or are gone.</summary>
    public async Task<FaithfulnessPoints?> ReadPointsAsync(EvidenceDocument evidence, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(evidence);
        if (evidence.Faithfulness?.Artifact is not { } artifact || !artifacts.Contains(artifact))
            return null;
        return await cache.GetOrCreateAsync(("points", artifact), async entry =>
        {
            entry.SlidingExpiration = TimeSpan.FromMinutes(10);
            try
            {
                var points = JsonSerializer.Deserialize<FaithfulnessPoints>(await artifacts.ReadAsync(artifact, cancellationToken), CanonicalJson.Options);
                return points is { Ablations: not null, Exact: not null, Coar: not null } ? points : null;
            }
            catch (JsonException)
            {
                return null;
            }
        });
    }

    private static EvidenceDocument Check(byte[] bytes, Run run)
    {
        try
        {
            var evidence = EvidenceDocument.FromBytes(bytes);
            return EvidenceDocument.Verify(bytes, run.EvidenceDigest) is { Count: > 0 } problems
                ? throw new ArtifactException($"The evidence of run {run.Id} does not agree with itself: {string.Join("; ", problems)}.")
                : evidence;
        }
        catch (JsonException error)
        {
            throw new ArtifactException($"The evidence of run {run.Id} cannot be read: {error.Message}", error);
        }
    }
}
