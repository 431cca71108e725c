using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using SafetyPortal.Erasure.Faithfulness;
using SafetyPortal.Requests;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Data;
using SafetyPortal.Requests.Filing;
using SafetyPortal.Requests.Runs;
using SafetyPortal.Tests;
using SafetyPortal.Trials.Edits;
using SafetyPortal.Trials.Plans;
using SafetyPortal.Worker.Running;

namespace SafetyPortal.Worker.Tests.Running;

/// <summary>A portal with its worker over a data folder of its own and the tiny model; one queued run to start with.</summary>
internal sealed class TinyPortal : IAsyncDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("tiny-portal");
    private readonly ServiceProvider provider;

    private TinyPortal(Action<WorkerOptions>? configure)
    {
        var models = Path.Combine(folder.FullName, "models");
        ModelFolder = TinyModelFolder.Create(models);
        var options = new WorkerOptions
        {
            ModelRoot = models,
            CacheFolder = Path.Combine(folder.FullName, "cache"),
            Threads = 1,
            AttributionSteps = 3,
            AttributionSeeds = 2,
            ImageSteps = 2,
            BatchSize = 2,
            Images = new EvaluationSize(2, 2),
            ControlImages = new EvaluationSize(1, 1),
            SearchImages = new EvaluationSize(1, 1),
            Effort = new EditEffort(Trajectories: 1, KeepPrompts: 2, Rounds: 2, GradientSteps: 1, PruneSteps: 5),
            Faithfulness = new FaithfulnessSettings { Ablations = 8, Points = 1, Rows = 2, CoarMasks = 2 },
            StopAtFirstPass = false,
            RedTeam = new RedTeamOptions { Images = 2 },
        };
        configure?.Invoke(options);
        provider = new ServiceCollection()
            .AddLogging()
            .AddPortalRequests(new DataFolder(Path.Combine(folder.FullName, "data")))
            .AddRunExecutor(options)
            .BuildServiceProvider();
    }

    public string ModelFolder { get; }

    /// <summary>Where the artifact with a digest lies.</summary>
    public string ArtifactPath(string digest) => Path.Combine(Get<DataFolder>().Artifacts, digest[..2], digest[2..]);

    public long RequestId { get; private set; }

    public long RunId { get; private set; }

    public Actor Reviewer { get; private set; } = Actor.System("nobody");

    public T Get<T>()
        where T : notnull => provider.GetRequiredService<T>();

    /// <param name="prompt">Prompt that shows the concept.</param>
    /// <param name="configure">Changes how the worker works; null keeps it small.</param>
    public static async Task<TinyPortal> CreateAsync(EraseMethod method = EraseMethod.Cad, Action<WorkerOptions>? configure = null, string prompt = "a picture of a church")
    {
        var portal = new TinyPortal(configure);
        await PortalDbSetup.MigrateAsync(portal.Get<IDbContextFactory<PortalDb>>(), TimeProvider.System, default);
        await portal.Get<DemoAccounts>().EnsureAsync(default);
        var model = await portal.Get<ModelRegistration>().RegisterAsync(TinyModelFolder.Name, default);
        portal.Reviewer = await portal.Get<DemoAccounts>().ActorAsync("reviewer@demo.local", default);
        var request = await portal.Get<FileRequest>().StartAsync(
            portal.Reviewer,
            new RequestContent
            {
                ModelVersionId = model.Id,
                ConceptKind = ConceptKind.Object,
                ConceptName = "church",
                ConceptPrompts = [prompt],
                Method = method,
                Doses = [0.02, 0.05],
                Justification = "Needed by a test of the worker.",
            },
            requestId: null,
            default);
        (portal.RequestId, portal.RunId) = (request.Id, request.CurrentRunId!.Value);
        return portal;
    }

    /// <summary>The request and its run as the database has them now.</summary>
    public async Task<(EraseRequest Request, Run Run)> ReadAsync()
    {
        var details = await Get<RequestQueries>().GetAsync(Reviewer.Id, RequestId, default) ?? throw new NotFoundException("The request is gone.");
        return (details.Request, details.Request.Runs.Single(r => r.Id == RunId));
    }

    public async ValueTask DisposeAsync()
    {
        await provider.DisposeAsync();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        folder.Delete(recursive: true);
    }
}

/// <summary>Does something once, when a stage is first reported.</summary>
internal sealed class AtStage(RunStage stage, Action then) : IProgress<RunProgress>
{
    private int done;

    public void Report(RunProgress value)
    {
        if (value.Stage == stage && Interlocked.Exchange(ref done, 1) == 0) then();
    }
}
