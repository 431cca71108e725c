using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using SafetyPortal.Erasure.Faithfulness;
using SafetyPortal.Requests;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Artifacts;
using SafetyPortal.Requests.Data;
using SafetyPortal.Requests.Evidence;
using SafetyPortal.Requests.Filing;
using SafetyPortal.Requests.Runs;
using SafetyPortal.Tests;
using SafetyPortal.Trials.Edits;
using SafetyPortal.Trials.Plans;
using SafetyPortal.Worker.Running;

namespace SafetyPortal.Worker.Tests.Running;

/// <summary>A portal with its worker over a data folder of its own and the tiny model, with one queued run.</summary>
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

    public string ArtifactPath(string digest) => Path.Combine(Get<DataFolder>().Artifacts, digest[..2], digest[2..]);

    public long RequestId { get; private set; }

    public long RunId { get; private set; }

    public Actor Reviewer { get; private set; } = Actor.System("test");

    public T Get<T>()
        where T : notnull => provider.GetRequiredService<T>();

    /// <param name="prompt">Prompt that shows the concept.</param>
    /// <param name="configure">Changes how the worker works; null keeps it small.</param>
    public static async Task<TinyPortal> CreateAsync(
        EraseMethod method = EraseMethod.Cad, Action<WorkerOptions>? configure = null, string prompt = "a picture of a church")
    {
        var portal = new TinyPortal(configure);
        await PortalDbSetup.MigrateAsync(portal.Get<IDbContextFactory<PortalDb>>(), TimeProvider.System, default);
        await portal.Get<DemoAccounts>().EnsureAsync(default);
        await portal.Get<ModelRegistration>().RegisterAsync(TinyModelFolder.Name, default);
        portal.Reviewer = await portal.Get<DemoAccounts>().ActorAsync("reviewer@demo.local", default);
        var request = await portal.QueueAsync(Content("church") with { ConceptPrompts = [prompt], Method = method });
        (portal.RequestId, portal.RunId) = (request.Id, request.CurrentRunId!.Value);
        return portal;
    }

    /// <summary>What a reviewer may enter for the tiny model.</summary>
    public static RequestContent Content(string concept) => new()
    {
        ModelVersionId = 1,
        ConceptKind = ConceptKind.Object,
        ConceptName = concept,
        ConceptPrompts = [$"a picture of a {concept}"],
        Method = EraseMethod.Cad,
        Doses = [0.02, 0.05],
        Justification = "Needed by a test of the worker.",
    };

    /// <param name="host">The process that queues the request; null is this portal.</param>
    public Task<EraseRequest> QueueAsync(RequestContent content, IServiceProvider? host = null) =>
        (host ?? provider).GetRequiredService<FileRequest>().StartAsync(Reviewer, content, requestId: null, default);

    /// <summary>Carries the queued run out.</summary>
    public Task<RunStatus?> RunAsync(IProgress<RunProgress>? observer = null, CancellationToken hostStopping = default) =>
        Get<RunExecutor>().ExecuteAsync(RunId, observer, hostStopping);

    /// <summary>The request and its run as the database has them now.</summary>
    public async Task<(EraseRequest Request, Run Run)> ReadAsync()
    {
        var details = await Get<RequestQueries>().GetAsync(Reviewer.Id, RequestId, default) ?? throw new NotFoundException("The request is gone.");
        return (details.Request, details.Request.Runs.Single(r => r.Id == RunId));
    }

    public async Task<EvidenceDocument> EvidenceAsync() =>
        EvidenceDocument.FromBytes(await Get<IArtifactStore>().ReadAsync((await ReadAsync()).Run.EvidenceArtifact!, default));

    public async ValueTask DisposeAsync()
    {
        await using (var db = await Get<IDbContextFactory<PortalDb>>().CreateDbContextAsync())
            SqliteConnection.ClearPool((SqliteConnection)db.Database.GetDbConnection());
        await provider.DisposeAsync();
        folder.Delete(recursive: true);
    }
}

/// <summary>Does something once, when a stage is first reported.</summary>
internal sealed class AtStage(RunStage stage, Action then) : IProgress<RunProgress>
{
    private int done;

    public void Report(RunProgress value)
    {
        if (value.Stage == stage && Interlocked.Exchange(ref done, 1) == 0)
            then();
    }
}
