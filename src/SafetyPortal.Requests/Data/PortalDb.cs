using Microsoft.AspNetCore.Identity.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Approval;
using SafetyPortal.Requests.Audit;
using SafetyPortal.Requests.Blind;
using SafetyPortal.Requests.Evidence;
using SafetyPortal.Requests.Filing;
using SafetyPortal.Requests.Models;
using SafetyPortal.Requests.Policies;
using SafetyPortal.Requests.RedTeam;
using SafetyPortal.Requests.Releases;
using SafetyPortal.Requests.Runs;

namespace SafetyPortal.Requests.Data;

/// <summary>A row that two writers must not change at once: the number grows with each save, and a save over a newer row throws.</summary>
public interface IVersioned
{
    long Version { get; set; }
}

/// <summary>A row whose every change must leave an event in the history; a save without an event throws.</summary>
public interface IAudited;

/// <summary>Times as UTC ticks: SQLite has no type for them, and integers compare and sort rightly.</summary>
internal sealed class UtcTicksConverter() : ValueConverter<DateTimeOffset, long>(
    time => time.UtcTicks,
    ticks => new DateTimeOffset(ticks, TimeSpan.Zero));

/// <summary>
/// The portal's database. One transaction saves changes together with the events that the caller gave to
/// <see cref="Record(Actor, string, string, object?)"/>.
/// </summary>
public sealed class PortalDb(DbContextOptions<PortalDb> options, TimeProvider time) : IdentityDbContext<PortalUser>(options)
{
    private readonly List<PendingEvent> pending = [];

    public DbSet<EraseRequest> EraseRequests => Set<EraseRequest>();
    public DbSet<RequestDraft> RequestDrafts => Set<RequestDraft>();
    public DbSet<Run> Runs => Set<Run>();
    public DbSet<StageResult> StageResults => Set<StageResult>();
    public DbSet<ProbeOrder> ProbeOrders => Set<ProbeOrder>();
    public DbSet<BlindJudgement> BlindJudgements => Set<BlindJudgement>();
    public DbSet<Decision> Decisions => Set<Decision>();
    public DbSet<Waiver> Waivers => Set<Waiver>();
    public DbSet<ReviewClaim> ReviewClaims => Set<ReviewClaim>();
    public DbSet<WorkerKey> WorkerKeys => Set<WorkerKey>();
    public DbSet<Release> Releases => Set<Release>();
    public DbSet<ModelVersion> ModelVersions => Set<ModelVersion>();
    public DbSet<ModelAlias> ModelAliases => Set<ModelAlias>();
    public DbSet<AliasMove> AliasMoves => Set<AliasMove>();
    public DbSet<PolicyVersion> PolicyVersions => Set<PolicyVersion>();
    public DbSet<AuditEvent> AuditEvents => Set<AuditEvent>();

    /// <summary>The time of the portal's clock.</summary>
    internal DateTimeOffset Now => time.GetUtcNow();

    /// <summary>
    /// Starts a write that no other process or thread can overtake (BEGIN IMMEDIATE of SQLite). <see cref="PortalWrite.CommitAsync"/> saves it.
    /// </summary>
    public async Task<PortalWrite> BeginWriteAsync(CancellationToken cancellationToken) =>
        new(this, await Database.BeginTransactionAsync(cancellationToken), ownsDb: false);

    /// <summary>Notes an event that the next save appends to the history.</summary>
    /// <param name="action">One of <see cref="AuditActions"/>.</param>
    /// <param name="payload">Serialisable details without prompts or image bytes; null for none.</param>
    public void Record(Actor actor, string action, string subject, object? payload) => Record(actor, action, () => subject, payload);

    /// <summary>The same for rows that get their id with the save.</summary>
    public void Record(Actor actor, string action, Func<string> subject, object? payload)
    {
        if (AuditActions.TextOf(action) is null)
            throw new ArgumentException($"Expected one of AuditActions, got \"{action}\".", nameof(action));
        pending.Add(new PendingEvent(actor, action, subject, payload));
    }

    /// <inheritdoc/>
    public override int SaveChanges(bool acceptAllChangesOnSuccess) =>
        throw new NotSupportedException("Expected a call of SaveChangesAsync; the portal saves asynchronously.");

    /// <inheritdoc/>
    public override async Task<int> SaveChangesAsync(bool acceptAllChangesOnSuccess, CancellationToken cancellationToken = default)
    {
        ChangeTracker.DetectChanges();
        foreach (var entry in ChangeTracker.Entries<IVersioned>().Where(entry => entry.State == EntityState.Modified))
            entry.Entity.Version++;
        if (pending.Count == 0)
        {
            DemandEvents();
            return await base.SaveChangesAsync(acceptAllChangesOnSuccess, cancellationToken);
        }

        await using var own = Database.CurrentTransaction is null ? await Database.BeginTransactionAsync(cancellationToken) : null;
        var saved = await base.SaveChangesAsync(acceptAllChangesOnSuccess, cancellationToken);
        await AuditTrail.AppendAsync(this, pending, Now, cancellationToken);
        pending.Clear();
        saved += await base.SaveChangesAsync(acceptAllChangesOnSuccess, cancellationToken);
        if (own is not null)
            await own.CommitAsync(cancellationToken);
        return saved;
    }

    /// <inheritdoc/>
    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder)
    {
        base.ConfigureConventions(configurationBuilder);
        configurationBuilder.Properties<DateTimeOffset>().HaveConversion<UtcTicksConverter>();
    }

    /// <inheritdoc/>
    protected override void OnModelCreating(ModelBuilder builder)
    {
        base.OnModelCreating(builder);
        Mappings.Apply(builder);
        foreach (var type in builder.Model.GetEntityTypes().Where(type => typeof(IVersioned).IsAssignableFrom(type.ClrType)))
            builder.Entity(type.ClrType).Property<long>(nameof(IVersioned.Version)).IsConcurrencyToken();
    }

    private void DemandEvents()
    {
        var silent = ChangeTracker.Entries<IAudited>()
            .FirstOrDefault(entry => entry.State is EntityState.Added or EntityState.Modified or EntityState.Deleted);
        if (silent is not null)
            throw new InvalidOperationException($"Expected an event for the change to {silent.Entity.GetType().Name}, got none: call Record before saving.");
    }
}
