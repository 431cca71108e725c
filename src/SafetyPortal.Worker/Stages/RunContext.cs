using System.Text;
using System.Text.Json;
using SafetyPortal.Requests;
using SafetyPortal.Requests.Artifacts;
using SafetyPortal.Requests.Audit;
using SafetyPortal.Requests.Models;
using SafetyPortal.Requests.Policies;
using SafetyPortal.Requests.Runs;
using SafetyPortal.Worker.Models;
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
    IProgress<RunProgress> progress)
    : IDisposable
{
    private LoadedModel? loaded;

    public EraseRequest Request => request;

    public string ModelName => model.Name;

    public PolicyInForce Policy => policy;

    public WorkerOptions Options => options;

    public IArtifactStore Artifacts => artifacts;

    /// <summary>
    /// The model, on the torch thread; loaded and checked against its registered digest by the first stage that needs it, since a
    /// resumed run may need it late or not at all.
    /// </summary>
    public LoadedModel Model => loaded ??= LoadedModel.Load(modelFolder, model.Digest, options.Evaluation, new TorchSharp.torch.Device(options.Device));

    /// <summary>Runs native work on the torch thread.</summary>
    public Task<T> Compute<T>(Func<T> work) => torch.Run(work);

    public void Report(RunStage stage, int step, int steps, string? message = null, byte[]? preview = null) =>
        progress.Report(new RunProgress(stage, step, steps, message, preview));

    /// <summary>Stores a value as canonical JSON; equal values have one digest.</summary>
    public Task<string> PutJsonAsync<T>(T value, CancellationToken cancellation) =>
        artifacts.PutAsync(Encoding.UTF8.GetBytes(CanonicalJson.Serialize(value)), cancellation);

    /// <summary>Reads what <see cref="PutJsonAsync"/> stored.</summary>
    public async Task<T> ReadJsonAsync<T>(string digest, CancellationToken cancellation) =>
        JsonSerializer.Deserialize<T>(await artifacts.ReadAsync(digest, cancellation), CanonicalJson.Options)
        ?? throw new InvalidDataException($"Expected {typeof(T).Name} in artifact {digest}, it holds null.");

    /// <summary>Stores a file that native code writes, and returns its digest.</summary>
    public async Task<string> PutWrittenAsync(Action<string> write, CancellationToken cancellation)
    {
        var path = Path.Combine(Path.GetTempPath(), $"safety-portal-{Guid.NewGuid():N}.safetensors");
        try
        {
            await Compute(() =>
            {
                write(path);
                return true;
            });
            return await artifacts.PutFileAsync(path, cancellation);
        }
        finally
        {
            File.Delete(path);
        }
    }

    public void Dispose() => loaded?.Dispose();
}
