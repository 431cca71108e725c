using System.Text;
using SafetyPortal.Diffusion.Runtime;
using SafetyPortal.Requests;
using SafetyPortal.Requests.Artifacts;
using SafetyPortal.Requests.Audit;
using SafetyPortal.Requests.Models;
using SafetyPortal.Requests.Policies;
using SafetyPortal.Requests.Runs;
using SafetyPortal.Trials.Models;
using SafetyPortal.Worker.Running;

namespace SafetyPortal.Worker.Stages;

/// <summary>What every stage of one run works with.</summary>
internal sealed class RunContext(
    EraseRequest request,
    ModelVersion model,
    string modelFolder,
    PolicyInForce policy,
    WorkerOptions options,
    IArtifactStore artifacts,
    TorchThread torch,
    DraftFiles drafts,
    IProgress<RunProgress> progress)
    : IDisposable
{
    private LoadedModel? loaded;
    private LoadOutput? pinned;

    public EraseRequest Request => request;

    public string ModelName => model.Name;

    public PolicyInForce Policy => policy;

    public WorkerOptions Options => options;

    public IArtifactStore Artifacts => artifacts;

    /// <summary>
    /// Returns the model, on the torch thread. The first call loads it and checks it against its registered digest: a resumed run may need it late or
    /// not at all.
    /// </summary>
    /// <exception cref="InvalidDataException">The model or its networks are not those that the run began with.</exception>
    public LoadedModel Model(CancellationToken cancellation) => loaded ??= Demanded(LoadedModel.Load(
        modelFolder, model.Digest, options.Evaluation, new TorchSharp.torch.Device(options.Device), pinned?.Components, cancellation));

    /// <summary>From now on <see cref="Model"/> accepts only the model that the run began with, to the last file.</summary>
    public void Pin(LoadOutput load) => pinned = load;

    /// <summary>Runs work on the torch thread.</summary>
    public Task<T> Compute<T>(Func<T> work) => torch.Run(work);

    /// <inheritdoc cref="Compute{T}(Func{T})"/>
    public Task Compute(Action work) => torch.Run(work);

    public void Report(RunStage stage, int step, int steps, string? message = null, byte[]? preview = null) =>
        progress.Report(new RunProgress(stage, step, steps, message, preview));

    /// <summary>Stores a value as canonical JSON and returns its digest.</summary>
    public Task<string> PutJsonAsync<T>(T value, CancellationToken cancellation) =>
        artifacts.PutAsync(Encoding.UTF8.GetBytes(CanonicalJson.Serialize(value)), cancellation);

    /// <summary>Stores a file that native code writes, and returns its digest.</summary>
    public async Task<string> PutWrittenAsync(Action<string> write, CancellationToken cancellation)
    {
        var path = drafts.Next();
        try
        {
            await Compute(() => write(path));
            return await artifacts.PutFileAsync(path, cancellation);
        }
        finally
        {
            File.Delete(path);
        }
    }

    public void Dispose() => loaded?.Dispose();

    private LoadedModel Demanded(LoadedModel found)
    {
        var (expected, actual) = (pinned?.Method.Backbones ?? [], found.Backbones.Uses);
        if (pinned is null || expected.SequenceEqual(actual))
            return found;
        found.Dispose();
        throw new InvalidDataException(
            $"Expected the networks that the run began with ({Names(expected)}), got {Names(actual)}: "
            + "the worker's Evaluation settings or their files changed.");

        static string Names(IReadOnlyList<BackboneUse> uses) =>
            uses.Count == 0 ? "none" : string.Join(", ", uses.Select(use => $"{use.Network} {use.Digest}"));
    }
}
