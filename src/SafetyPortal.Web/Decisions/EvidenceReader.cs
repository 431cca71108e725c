using System.Text.Json;
using Microsoft.Extensions.Caching.Memory;
using SafetyPortal.Requests.Artifacts;
using SafetyPortal.Requests.Audit;
using SafetyPortal.Requests.Evidence;
using SafetyPortal.Requests.Runs;
using SafetyPortal.Worker.Stages;

namespace SafetyPortal.Web.Decisions;

/// <summary>The evidence of finished runs. It never changes once stored, so it is read and checked once and then kept for a while.</summary>
public sealed class EvidenceReader(IArtifactStore artifacts, IMemoryCache cache)
{
    /// <summary>The evidence of a run; null when the run has none (yet).</summary>
    /// <exception cref="ArtifactException">It is not stored any more, damaged, or does not have the digest the run names.</exception>
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

    /// <summary>The images of every dose the run tried, ascending; empty when they are gone. Needs the run's stage results.</summary>
    public async Task<IReadOnlyList<DoseImages>> ReadDosesAsync(Run run, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(run);
        if (run.StageResults.Find(result => result.Stage == RunStage.Generate)?.ArtifactDigest is not { } digest)
            return [];
        if (cache.TryGetValue(("doses", digest), out IReadOnlyList<DoseImages>? known) && known is not null)
            return known;
        var doses = await DoseGalleries.ReadAsync(artifacts, run, cancellationToken);
        // What is missing now may be back in a moment; only what was found is kept.
        if (doses.Count > 0)
            cache.Set(("doses", digest), doses, new MemoryCacheEntryOptions { SlidingExpiration = TimeSpan.FromMinutes(10) });
        return doses;
    }

    /// <summary>The points behind the faithfulness figures; null when they were not measured or are gone.</summary>
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
