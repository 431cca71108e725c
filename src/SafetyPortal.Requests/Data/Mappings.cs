using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
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

internal sealed class EraseRequestMapping : IEntityTypeConfiguration<EraseRequest>
{
    public void Configure(EntityTypeBuilder<EraseRequest> builder)
    {
        builder.Property(r => r.ConceptName).HasMaxLength(80);
        builder.Property(r => r.ConceptKey).HasMaxLength(80);
        builder.Property(r => r.Justification).HasMaxLength(4000);
        builder.HasIndex(r => new { r.ModelVersionId, r.ConceptKind, r.ConceptKey });
        builder.HasIndex(r => new { r.Status, r.Id });
        builder.HasIndex(r => new { r.RequesterId, r.Id });
        builder.HasOne(r => r.ModelVersion).WithMany().OnDelete(DeleteBehavior.Restrict);
        builder.HasMany(r => r.Runs).WithOne(r => r.Request).HasForeignKey(r => r.RequestId).OnDelete(DeleteBehavior.Restrict);
        builder.HasOne(r => r.CurrentRun).WithOne().HasForeignKey<EraseRequest>(r => r.CurrentRunId).OnDelete(DeleteBehavior.Restrict);
    }
}

internal sealed class RequestDraftMapping : IEntityTypeConfiguration<RequestDraft>
{
    public void Configure(EntityTypeBuilder<RequestDraft> builder)
    {
        builder.HasKey(d => d.UserId);
        builder.HasOne<PortalUser>().WithMany().HasForeignKey(d => d.UserId).OnDelete(DeleteBehavior.Cascade);
    }
}

internal sealed class RunMapping : IEntityTypeConfiguration<Run>
{
    public void Configure(EntityTypeBuilder<Run> builder)
    {
        builder.HasIndex(r => new { r.Status, r.LeaseExpiresAt });
        builder.HasMany(r => r.StageResults).WithOne().HasForeignKey(s => s.RunId).OnDelete(DeleteBehavior.Cascade);
    }
}

internal sealed class StageResultMapping : IEntityTypeConfiguration<StageResult>
{
    public void Configure(EntityTypeBuilder<StageResult> builder) => builder.HasIndex(s => new { s.RunId, s.Stage }).IsUnique();
}

internal sealed class ProbeOrderMapping : IEntityTypeConfiguration<ProbeOrder>
{
    public void Configure(EntityTypeBuilder<ProbeOrder> builder)
    {
        builder.Property(o => o.Reason).HasMaxLength(2000);
        builder.HasIndex(o => o.Status);
        builder.HasOne(o => o.Request).WithMany().HasForeignKey(o => o.RequestId).OnDelete(DeleteBehavior.Restrict);
        builder.HasOne(o => o.Run).WithMany().HasForeignKey(o => o.RunId).OnDelete(DeleteBehavior.Restrict);
    }
}

internal sealed class BlindJudgementMapping : IEntityTypeConfiguration<BlindJudgement>
{
    public void Configure(EntityTypeBuilder<BlindJudgement> builder)
    {
        builder.HasIndex(j => new { j.RequestId, j.EvidenceDigest });
        builder.HasOne(j => j.Request).WithMany().HasForeignKey(j => j.RequestId).OnDelete(DeleteBehavior.Restrict);
        builder.HasOne<Run>().WithMany().HasForeignKey(j => j.RunId).OnDelete(DeleteBehavior.Restrict);
    }
}

internal sealed class DecisionMapping : IEntityTypeConfiguration<Decision>
{
    public void Configure(EntityTypeBuilder<Decision> builder)
    {
        // A repeated run has the same evidence digest, so a word belongs to its run; who approved may still refuse, which ends the run's turn.
        builder.HasIndex(d => new { d.RunId, d.ApproverId, d.Kind }).IsUnique();
        builder.HasOne<EraseRequest>().WithMany().HasForeignKey(d => d.RequestId).OnDelete(DeleteBehavior.Restrict);
        builder.HasOne<Run>().WithMany().HasForeignKey(d => d.RunId).OnDelete(DeleteBehavior.Restrict);
    }
}

internal sealed class WaiverMapping : IEntityTypeConfiguration<Waiver>
{
    public void Configure(EntityTypeBuilder<Waiver> builder)
    {
        builder.HasIndex(w => new { w.RequestId, w.RunId });
        builder.HasOne<EraseRequest>().WithMany().HasForeignKey(w => w.RequestId).OnDelete(DeleteBehavior.Restrict);
    }
}

internal sealed class ReviewClaimMapping : IEntityTypeConfiguration<ReviewClaim>
{
    public void Configure(EntityTypeBuilder<ReviewClaim> builder)
    {
        // The key is the request, so two people can never hold one.
        builder.HasKey(c => c.RequestId);
        builder.Property(c => c.RequestId).ValueGeneratedNever();
        builder.HasOne<EraseRequest>().WithOne().HasForeignKey<ReviewClaim>(c => c.RequestId).OnDelete(DeleteBehavior.Cascade);
    }
}

internal sealed class WorkerKeyMapping : IEntityTypeConfiguration<WorkerKey>
{
    public void Configure(EntityTypeBuilder<WorkerKey> builder)
    {
        builder.Property(k => k.Id).HasMaxLength(64);
        builder.Property(k => k.Name).HasMaxLength(255);
    }
}

internal sealed class ReleaseMapping : IEntityTypeConfiguration<Release>
{
    public void Configure(EntityTypeBuilder<Release> builder)
    {
        builder.HasIndex(r => r.RequestId).IsUnique();
        builder.HasOne(r => r.Request).WithMany().HasForeignKey(r => r.RequestId).OnDelete(DeleteBehavior.Restrict);
        builder.HasOne<Run>().WithMany().HasForeignKey(r => r.RunId).OnDelete(DeleteBehavior.Restrict);
        builder.HasOne(r => r.ModelVersion).WithMany().HasForeignKey(r => r.ModelVersionId).OnDelete(DeleteBehavior.Restrict);
    }
}

internal sealed class ModelVersionMapping : IEntityTypeConfiguration<ModelVersion>
{
    public void Configure(EntityTypeBuilder<ModelVersion> builder) => builder.HasIndex(m => m.Name).IsUnique();
}

internal sealed class ModelAliasMapping : IEntityTypeConfiguration<ModelAlias>
{
    public void Configure(EntityTypeBuilder<ModelAlias> builder)
    {
        builder.HasIndex(a => new { a.ModelVersionId, a.Name }).IsUnique();
        builder.HasOne<ModelVersion>().WithMany().HasForeignKey(a => a.ModelVersionId).OnDelete(DeleteBehavior.Restrict);
        builder.HasOne(a => a.Release).WithMany().HasForeignKey(a => a.ReleaseId).OnDelete(DeleteBehavior.Restrict);
        builder.HasMany(a => a.Moves).WithOne().HasForeignKey(m => m.AliasId).OnDelete(DeleteBehavior.Restrict);
    }
}

internal sealed class PolicyVersionMapping : IEntityTypeConfiguration<PolicyVersion>
{
    public void Configure(EntityTypeBuilder<PolicyVersion> builder) => builder.HasIndex(p => p.Digest);
}

internal sealed class AuditEventMapping : IEntityTypeConfiguration<AuditEvent>
{
    public void Configure(EntityTypeBuilder<AuditEvent> builder)
    {
        // The key is the sequence number, so two writers can never append to the same place.
        builder.HasKey(e => e.Sequence);
        builder.Property(e => e.Sequence).ValueGeneratedNever();
        builder.HasIndex(e => new { e.RequestId, e.Sequence });
        builder.HasIndex(e => new { e.ActorId, e.Sequence });
        builder.HasIndex(e => new { e.Action, e.Sequence });
        builder.HasIndex(e => e.Time);
    }
}
