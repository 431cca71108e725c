using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Approval;
using SafetyPortal.Requests.Artifacts;
using SafetyPortal.Requests.Data;
using SafetyPortal.Requests.Evidence;
using SafetyPortal.Requests.Filing;
using SafetyPortal.Requests.Models;
using SafetyPortal.Requests.Releases;
using SafetyPortal.Requests.Runs;

namespace SafetyPortal.Requests.Tests;

/// <summary>A whole portal without web and worker: real SQLite and artifact files in a temporary folder, demo accounts, one model, a clock set by hand.</summary>
public sealed class Portal : IAsyncDisposable
{
    // Migrating and hashing five passwords takes a second; every test starts from a copy of one finished folder instead.
    private static readonly Lazy<Task<string>> Template = new(BuildTemplateAsync);

    private readonly ServiceProvider services;

    private Portal(string root)
    {
        Folder = new DataFolder(root);
        services = new ServiceCollection().AddSingleton<TimeProvider>(Clock).AddPortalRequests(Folder).BuildServiceProvider();
    }

    public ManualClock Clock { get; } = new();

    public DataFolder Folder { get; }

    public ModelVersion Model { get; private set; } = null!;

    public Actor Reviewer { get; private set; } = null!;

    public Actor Approver { get; private set; } = null!;

    public Actor Approver2 { get; private set; } = null!;

    public Actor Administrator { get; private set; } = null!;

    public Actor Auditor { get; private set; } = null!;

    public IDbContextFactory<PortalDb> Databases => Get<IDbContextFactory<PortalDb>>();

    public static async Task<Portal> CreateAsync()
    {
        var template = await Template.Value;
        var root = NewFolder();
        Directory.CreateDirectory(root);
        foreach (var file in Directory.EnumerateFiles(template))
            File.Copy(file, Path.Combine(root, Path.GetFileName(file)));
        var portal = new Portal(root);
        var accounts = portal.Get<DemoAccounts>();
        portal.Reviewer = await accounts.ActorAsync("reviewer@demo.local", default);
        portal.Approver = await accounts.ActorAsync("approver@demo.local", default);
        portal.Approver2 = await accounts.ActorAsync("approver2@demo.local", default);
        portal.Administrator = await accounts.ActorAsync("administrator@demo.local", default);
        portal.Auditor = await accounts.ActorAsync("auditor@demo.local", default);
        await using var db = await portal.OpenAsync();
        portal.Model = await db.ModelVersions.SingleAsync();
        return portal;
    }

    public static string Digest(char digit) => new(digit, 64);

    public T Get<T>()
        where T : notnull => services.GetRequiredService<T>();

    public async Task<PortalDb> OpenAsync() => await Databases.CreateDbContextAsync();

    public RequestContent Content(ConceptKind kind = ConceptKind.Object, string name = "church") => new()
    {
        ModelVersionId = Model.Id,
        ConceptKind = kind,
        ConceptName = name,
        ConceptPrompts = ConceptPrompts.DefaultFor(kind, name, ["church", "dog"]),
        Justification = "It must not be drawn any more.",
        Seed = 7,
    };

    public async Task<EraseRequest> SubmitAsync(ConceptKind kind = ConceptKind.Object, string name = "church")
    {
        var draft = await Get<FileRequest>().DraftAsync(Reviewer, Content(kind, name), default);
        return await Get<FileRequest>().SubmitAsync(Reviewer, draft.Id, default);
    }

    /// <summary>A request whose run has completed; the patch is a real artifact.</summary>
    public async Task<EraseRequest> AwaitDecisionAsync(ConceptKind kind = ConceptKind.Object, string name = "church", bool gatesPassed = true, char evidence = 'e')
    {
        var request = await SubmitAsync(kind, name);
        await RunAsync(request.Id, gatesPassed, evidence);
        return await LoadAsync(request.Id);
    }

    /// <summary>Starts a run of a request and completes it.</summary>
    public async Task RunAsync(long requestId, bool gatesPassed = true, char evidence = 'e')
    {
        var run = await Get<StartRun>().ExecuteAsync(Reviewer, requestId, default);
        var ticket = await Get<RunLease>().ClaimAsync(run.Id, "worker-1", default);
        var patch = await Get<IArtifactStore>().PutAsync("patch"u8.ToArray(), default);
        var verdict = await SignAsync(Digest(evidence), gatesPassed);
        await Get<RunLease>().CompleteAsync(ticket!, new(Digest(evidence), Digest('b'), patch, Digest('c'), 0.05, gatesPassed, verdict), default);
    }

    /// <summary>What the worker of this portal signs for evidence with one gate.</summary>
    public Task<SignedVerdict> SignAsync(string evidence, bool gatesPassed) =>
        Get<VerdictSigner>().SignAsync(evidence, "1:policy", [new GateVerdict("detection-drop", gatesPassed, 0.9, 0.8, "The target's detection fell.")], default);

    public async Task<EraseRequest> ApproveAsync(char evidence = 'e', string name = "church")
    {
        var request = await AwaitDecisionAsync(name: name, evidence: evidence);
        return await Get<DecideRequest>().ExecuteAsync(Approver, request.Id, new(DecisionKind.Approve, Digest(evidence)), default);
    }

    public async Task<Release> ReleaseAsync(char evidence, string? alias, string name = "church")
    {
        var request = await ApproveAsync(evidence, name);
        return await Get<ReleasePatch>().ExecuteAsync(Approver, request.Id, alias, default);
    }

    public async Task<EraseRequest> LoadAsync(long id)
    {
        await using var db = await OpenAsync();
        return await db.EraseRequests.Include(r => r.CurrentRun).SingleAsync(r => r.Id == id);
    }

    public async Task<IReadOnlyList<string>> ActionsAsync()
    {
        await using var db = await OpenAsync();
        return await db.AuditEvents.OrderBy(e => e.Sequence).Select(e => e.Action).ToListAsync();
    }

    public async Task ExecuteSqlAsync(string sql)
    {
        await using var db = await OpenAsync();
        await db.Database.ExecuteSqlRawAsync(sql);
    }

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        Directory.Delete(Folder.Root, recursive: true);
    }

    private static async Task<string> BuildTemplateAsync()
    {
        var portal = new Portal(NewFolder());
        await PortalDbSetup.MigrateAsync(portal.Databases, portal.Clock, default);
        await portal.Get<DemoAccounts>().EnsureAsync(default);
        await portal.Get<RegisterModel>().ExecuteAsync(
            Actor.System("setup"), new("demo", "demo", Digest('a'), ["church", "dog"], ["sketch"], DrawsNudity: true), default);
        await portal.ExecuteSqlAsync("PRAGMA wal_checkpoint(TRUNCATE)");
        await portal.CloseAsync();
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(portal.Folder.Root, recursive: true);
        return portal.Folder.Root;
    }

    private static string NewFolder() => Path.Combine(Path.GetTempPath(), "portal-test-" + Guid.NewGuid().ToString("N"));

    private async Task CloseAsync()
    {
        await using (var db = await OpenAsync())
            SqliteConnection.ClearPool((SqliteConnection)db.Database.GetDbConnection());
        await services.DisposeAsync();
    }
}

/// <summary>Time that moves only when a test says so.</summary>
public sealed class ManualClock : TimeProvider
{
    private DateTimeOffset now = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);

    public override DateTimeOffset GetUtcNow() => now;

    public void Advance(TimeSpan by) => now += by;
}
