using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Approval;
using SafetyPortal.Requests.Artifacts;
using SafetyPortal.Requests.Audit;
using SafetyPortal.Requests.Blind;
using SafetyPortal.Requests.Data;
using SafetyPortal.Requests.Evidence;
using SafetyPortal.Requests.Evidence.Pack;
using SafetyPortal.Requests.Filing;
using SafetyPortal.Requests.Models;
using SafetyPortal.Requests.Policies;
using SafetyPortal.Requests.RedTeam;
using SafetyPortal.Requests.Releases;
using SafetyPortal.Requests.Runs;
using SafetyPortal.Requests.Signing;

namespace SafetyPortal.Requests;

public static class RequestsServices
{
    /// <summary>Registers the database, the artifact store and every use case over one data folder. All are safe for use from several threads.</summary>
    public static IServiceCollection AddPortalRequests(this IServiceCollection services, DataFolder folder)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(folder);
        services.AddDbContextFactory<PortalDb>(options => options.UsePortalSqlite(folder.Database));
        services.AddSingleton<IArtifactStore>(_ => new FolderArtifactStore(folder.Artifacts));

        services.AddSingleton<FileRequest>().AddSingleton<FindDuplicate>().AddSingleton<RequestQueries>();
        services.AddSingleton<RunAnnouncer>().AddSingleton<RunLease>().AddSingleton<StartRun>().AddSingleton<CancelRun>();
        services.AddSingleton<OrderProbes>().AddSingleton<CancelProbes>().AddSingleton<ProbeOrderLease>().AddSingleton<ProbeOrderQueries>();
        services.AddSingleton<DecideRequest>().AddSingleton<GrantWaiver>().AddSingleton<ClaimReview>().AddSingleton<JudgeBlind>();
        services.AddSingleton<VerdictSigner>().AddSingleton<TrustWorkerKey>().AddSingleton<WorkerKeyQueries>().AddSingleton<ExportEvidence>();
        services.AddSingleton<ReleasePatch>().AddSingleton<MoveAlias>().AddSingleton<RevokeRelease>().AddSingleton<ReleaseQueries>();
        services.AddSingleton<RegisterModel>().AddSingleton<CurrentPolicy>().AddSingleton<ChangePolicy>();
        services.AddSingleton(_ => SigningKey.LoadOrCreate(folder.AuditKey)).AddSingleton<CheckpointFile>();
        services.AddSingleton<AuditQueries>().AddSingleton<AuditVerifier>().AddSingleton<AuditExport>();
        services.AddSingleton<WriteCheckpoint>().AddSingleton<RecordEvent>();
        services.AddSingleton<DemoAccounts>().AddSingleton<CreateFirstAdministrator>();
        return services;
    }
}
