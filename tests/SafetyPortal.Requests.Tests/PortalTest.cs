using System.Security.Cryptography;
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
using SafetyPortal.Requests.Signing;

namespace SafetyPortal.Requests.Tests;

/// <summary>
/// Gives each test a portal without web and worker: real SQLite and artifact files in a temporary folder, demo accounts, one model, a clock set by hand.
/// </summary>
public class PortalTest : IAsyncLifetime
{
    // Migrating and hashing five passwords takes a second; every test starts from a copy of one finished folder instead.
    private static readonly Lazy<Task<string>> Template = new(BuildTemplateAsync);

    private readonly ServiceProvider services;

    public PortalTest() =>
        services = new ServiceCollection().AddSingleton<TimeProvider>(Clock).AddPortalRequests(Folder).BuildServiceProvider();

    internal ManualClock Clock { get; } = new();

    internal DataFolder Folder { get; } = new(Path.Combine(Path.GetTempPath(), "portal-test-" + Guid.NewGuid().ToString("N")));

    internal ModelVersion Model { get; private set; } = null!;

    internal Actor Reviewer { get; private set; } = null!;

    internal Actor Approver { get; private set; } = null!;

    internal Actor Approver2 { get; private set; } = null!;

    internal Actor Administrator { get; private set; } = null!;

    internal Actor Auditor { get; private set; } = null!;

    internal IDbContextFactory<PortalDb> Databases => Get<IDbContextFactory<PortalDb>>();

    public virtual async Task InitializeAsync()
    {
        foreach (var file in Directory.EnumerateFiles(await Template.Value))
            File.Copy(file, Path.Combine(Folder.Root, Path.GetFileName(file)));
        var accounts = Get<DemoAccounts>();
        Reviewer = await accounts.ActorAsync("reviewer@demo.local", default);
        Approver = await accounts.ActorAsync("approver@demo.local", default);
        Approver2 = await accounts.ActorAsync("approver2@demo.local", default);
        Administrator = await accounts.ActorAsync("administrator@demo.local", default);
        Auditor = await accounts.ActorAsync("auditor@demo.local", default);
        await using var db = await OpenAsync();
        Model = await db.ModelVersions.SingleAsync();
    }

    public async Task DisposeAsync()
    {
        await CloseAsync();
        Directory.Delete(Folder.Root, recursive: true);
    }

    internal static string Digest(char digit) => new(digit, 64);

    /// <summary>What a reviewer may enter for the template's one model.</summary>
    internal static RequestContent Content(ConceptKind kind = ConceptKind.Object, string name = "church") => new()
    {
        ModelVersionId = 1,
        ConceptKind = kind,
        ConceptName = name,
        ConceptPrompts = ConceptPrompts.DefaultFor(kind, name, ["church", "dog"]),
        Justification = "It must not be drawn any more.",
        Seed = 7,
    };

    internal static SigningKey NewKey()
    {
        using var made = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return SigningKey.FromPem(made.ExportPkcs8PrivateKeyPem());
    }

    /// <summary>A signature over evidence with one gate.</summary>
    internal static SignedVerdict Sign(SigningKey key, string evidence, bool gatesPassed) =>
        SignedVerdict.Of(evidence, "1:policy", [new("detection-drop", gatesPassed, 0.9, 0.8, "The target's detection fell.")], key);

    internal T Get<T>()
        where T : notnull => services.GetRequiredService<T>();

    internal async Task<PortalDb> OpenAsync() => await Databases.CreateDbContextAsync();

    internal async Task<EraseRequest> SubmitAsync(ConceptKind kind = ConceptKind.Object, string name = "church")
    {
        var draft = await Get<FileRequest>().DraftAsync(Reviewer, Content(kind, name), default);
        return await Get<FileRequest>().SubmitAsync(Reviewer, draft.Id, default);
    }

    /// <summary>A request whose run has completed; the patch is a real artifact.</summary>
    internal async Task<EraseRequest> AwaitDecisionAsync(
        ConceptKind kind = ConceptKind.Object, string name = "church", bool gatesPassed = true, char evidence = 'e')
    {
        var request = await SubmitAsync(kind, name);
        await RunAsync(request.Id, gatesPassed, evidence);
        return await LoadAsync(request.Id);
    }

    /// <summary>Starts a run of a request and completes it.</summary>
    internal async Task RunAsync(long requestId, bool gatesPassed = true, char evidence = 'e')
    {
        var run = await Get<StartRun>().ExecuteAsync(Reviewer, requestId, default);
        var ticket = await Get<RunLease>().ClaimAsync(run.Id, "worker-1", default);
        var patch = await Get<IArtifactStore>().PutAsync("patch"u8.ToArray(), default);
        var verdict = await SignAsync(evidence, gatesPassed);
        await Get<RunLease>().CompleteAsync(ticket!, new(Digest(evidence), Digest('b'), patch, Digest('c'), 0.05, gatesPassed, verdict), default);
    }

    /// <summary>Signs with the portal's registered worker key.</summary>
    internal async Task<SignedVerdict> SignAsync(char evidence, bool gatesPassed = true)
    {
        await Get<VerdictSigner>().DemandUsableAsync(default);
        using var key = SigningKey.LoadOrCreate(Folder.WorkerKey);
        return Sign(key, Digest(evidence), gatesPassed);
    }

    /// <summary>Decides on the evidence, and returns the status that the request has then.</summary>
    internal async Task<RequestStatus> DecideAsync(
        Actor actor,
        long requestId,
        DecisionKind kind = DecisionKind.Approve,
        DecisionReason reason = DecisionReason.None,
        string? comment = null,
        char evidence = 'e') =>
        (await Get<DecideRequest>().ExecuteAsync(actor, requestId, new(kind, Digest(evidence), reason, comment), default)).Status;

    /// <summary>Tries to approve, and returns the code of the refusal.</summary>
    internal async Task<string> DenyAsync(Actor actor, long requestId, char evidence = 'e') =>
        (await Should.ThrowAsync<DecisionDeniedException>(DecideAsync(actor, requestId, evidence: evidence))).Verdict.Code;

    internal async Task<EraseRequest> ApproveAsync(char evidence = 'e', string name = "church")
    {
        var request = await AwaitDecisionAsync(name: name, evidence: evidence);
        await DecideAsync(Approver, request.Id, evidence: evidence);
        return await LoadAsync(request.Id);
    }

    internal async Task<Release> ReleaseAsync(char evidence, string? alias, string name = "church")
    {
        var request = await ApproveAsync(evidence, name);
        return await Get<ReleasePatch>().ExecuteAsync(Approver, request.Id, alias, default);
    }

    internal async Task<EraseRequest> LoadAsync(long id)
    {
        await using var db = await OpenAsync();
        return await db.EraseRequests.Include(r => r.CurrentRun).SingleAsync(r => r.Id == id);
    }

    internal async Task<IReadOnlyList<string>> ActionsAsync()
    {
        await using var db = await OpenAsync();
        return await db.AuditEvents.OrderBy(e => e.Sequence).Select(e => e.Action).ToListAsync();
    }

    internal async Task ExecuteSqlAsync(string sql)
    {
        await using var db = await OpenAsync();
        await db.Database.ExecuteSqlRawAsync(sql);
    }

    private static async Task<string> BuildTemplateAsync()
    {
        var template = new PortalTest();
        await PortalDbSetup.MigrateAsync(template.Databases, template.Clock, default);
        await template.Get<DemoAccounts>().EnsureAsync(default);
        await template.Get<RegisterModel>().ExecuteAsync(
            Actor.System("setup"), new("demo", "demo", Digest('a'), ["church", "dog"], ["sketch"], DrawsNudity: true), default);
        await template.ExecuteSqlAsync("PRAGMA wal_checkpoint(TRUNCATE)");
        await template.CloseAsync();
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(template.Folder.Root, recursive: true);
        return template.Folder.Root;
    }

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
