using SafetyPortal.Requests.Artifacts;
using SafetyPortal.Requests.Audit;
using SafetyPortal.Trials.Plans;

namespace SafetyPortal.Worker.Stages;

/// <summary>
/// Remembers the galleries of earlier inputs, in small files named by the digest of the inputs. The worker makes a forgotten gallery again.
/// </summary>
internal sealed class GalleryMemo(IArtifactStore artifacts, string? folder)
{
    /// <summary>Returns the digest over all that a gallery depends on: every part of the model, patch, cases, sampling, library and thread count.</summary>
    public static string Key(LoadOutput load, IReadOnlyList<EvaluationCase> cases, string? patch) => CanonicalJson.Digest(new
    {
        load.BaseDigest,
        load.Components,
        patch,
        cases,
        load.Method.ImageSteps,
        load.Method.ImageScheduler,
        load.Method.ImageGuidance,
        load.Method.BatchSize,
        load.Method.Backbones,
        load.Environment,
    });

    /// <summary>Returns the gallery for <paramref name="key"/>; null when there is none, or one of its files is missing or damaged.</summary>
    public async Task<StoredGallery?> FindAsync(string key, CancellationToken cancellation)
    {
        if (folder is null || !File.Exists(PathOf(key)))
            return null;
        var digest = (await File.ReadAllTextAsync(PathOf(key), cancellation)).Trim();
        return await StageArtifacts.ReadAsync<StoredGallery>(artifacts, digest, cancellation);
    }

    public async Task RememberAsync(string key, string digest, CancellationToken cancellation)
    {
        if (folder is null)
            return;
        Directory.CreateDirectory(folder);
        var draft = PathOf($"{key}.{Guid.NewGuid():N}");
        await File.WriteAllTextAsync(draft, digest, cancellation);
        File.Move(draft, PathOf(key), overwrite: true);
    }

    private string PathOf(string key) => Path.Combine(folder!, key);
}
