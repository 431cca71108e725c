using Microsoft.EntityFrameworkCore;
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

/// <summary>Keys, indexes and relations of the tables, where they differ from EF Core's conventions.</summary>
internal static class Mappings
{
    public static void Apply(ModelBuilder model)
    {
        model.Entity<EraseRequest>(table =>
        {
            table.Property(r => r.ConceptName).HasMaxLength(80);
            table.Property(r => r.ConceptKey).HasMaxLength(80);
            table.Property(r => r.Justification).HasMaxLength(4000);
            table.HasIndex(r => new { r.ModelVersionId, r.ConceptKind, r.ConceptKey });
            table.HasIndex(r => new { r.Status, r.Id });
            table.HasIndex(r => new { r.RequesterId, r.Id });
            table.HasOne(r => r.ModelVersion).WithMany().OnDelete(DeleteBehavior.Restrict);
            table.HasMany(r => r.Runs).WithOne(r => r.Request).HasForeignKey(r => r.RequestId).OnDelete(DeleteBehavior.Restrict);
            table.HasOne(r => r.CurrentRun).WithOne().HasForeignKey<EraseRequest>(r => r.CurrentRunId).OnDelete(DeleteBehavior.Restrict);
        });
        model.Entity<RequestDraft>(table =>
        {
            table.HasKey(d => d.UserId);
            table.HasOne<PortalUser>().WithMany().HasForeignKey(d => d.UserId).OnDelete(DeleteBehavior.Cascade);
        });
        model.Entity<Run>(table =>
        {
            table.HasIndex(r => new { r.Status, r.LeaseExpiresAt });
            table.HasMany(r => r.StageResults).WithOne().HasForeignKey(s => s.RunId).OnDelete(DeleteBehavior.Cascade);
        });
        model.Entity<StageResult>().HasIndex(s => new { s.RunId, s.Stage }).IsUnique();
        model.Entity<ProbeOrder>(table =>
        {
            table.Property(o => o.Reason).HasMaxLength(2000);
            table.HasIndex(o => o.Status);
            table.HasOne(o => o.Request).WithMany().HasForeignKey(o => o.RequestId).OnDelete(DeleteBehavior.Restrict);
            table.HasOne(o => o.Run).WithMany().HasForeignKey(o => o.RunId).OnDelete(DeleteBehavior.Restrict);
        });
        model.Entity<BlindJudgement>(table =>
        {
            table.HasIndex(j => new { j.RequestId, j.EvidenceDigest });
            table.HasOne(j => j.Request).WithMany().HasForeignKey(j => j.RequestId).OnDelete(DeleteBehavior.Restrict);
            table.HasOne<Run>().WithMany().HasForeignKey(j => j.RunId).OnDelete(DeleteBehavior.Restrict);
        });
        model.Entity<Decision>(table =>
        {
            // A repeated run has the same evidence digest, so a decision belongs to its run. An approver who approved may still reject or send back.
            table.HasIndex(d => new { d.RunId, d.ApproverId, d.Kind }).IsUnique();
            table.HasOne<EraseRequest>().WithMany().HasForeignKey(d => d.RequestId).OnDelete(DeleteBehavior.Restrict);
            table.HasOne<Run>().WithMany().HasForeignKey(d => d.RunId).OnDelete(DeleteBehavior.Restrict);
        });
        model.Entity<Waiver>(table =>
        {
            table.HasIndex(w => new { w.RequestId, w.RunId });
            table.HasOne<EraseRequest>().WithMany().HasForeignKey(w => w.RequestId).OnDelete(DeleteBehavior.Restrict);
        });
        model.Entity<ReviewClaim>(table =>
        {
            // The key is the request, so two approvers can never claim one.
            table.HasKey(c => c.RequestId);
            table.Property(c => c.RequestId).ValueGeneratedNever();
            table.HasOne<EraseRequest>().WithOne().HasForeignKey<ReviewClaim>(c => c.RequestId).OnDelete(DeleteBehavior.Cascade);
        });
        model.Entity<WorkerKey>(table =>
        {
            table.Property(k => k.Id).HasMaxLength(64);
            table.Property(k => k.Name).HasMaxLength(255);
        });
        model.Entity<Release>(table =>
        {
            table.HasIndex(r => r.RequestId).IsUnique();
            table.HasOne(r => r.Request).WithMany().HasForeignKey(r => r.RequestId).OnDelete(DeleteBehavior.Restrict);
            table.HasOne<Run>().WithMany().HasForeignKey(r => r.RunId).OnDelete(DeleteBehavior.Restrict);
            table.HasOne(r => r.ModelVersion).WithMany().HasForeignKey(r => r.ModelVersionId).OnDelete(DeleteBehavior.Restrict);
        });
        model.Entity<ModelVersion>().HasIndex(m => m.Name).IsUnique();
        model.Entity<ModelAlias>(table =>
        {
            table.HasIndex(a => new { a.ModelVersionId, a.Name }).IsUnique();
            table.HasOne<ModelVersion>().WithMany().HasForeignKey(a => a.ModelVersionId).OnDelete(DeleteBehavior.Restrict);
            table.HasOne(a => a.Release).WithMany().HasForeignKey(a => a.ReleaseId).OnDelete(DeleteBehavior.Restrict);
            table.HasMany(a => a.Moves).WithOne().HasForeignKey(m => m.AliasId).OnDelete(DeleteBehavior.Restrict);
        });
        model.Entity<PolicyVersion>().HasIndex(p => p.Digest);
        model.Entity<AuditEvent>(table =>
        {
            // The key is the sequence number, so two writers can never append to the same place.
            table.HasKey(e => e.Sequence);
            table.Property(e => e.Sequence).ValueGeneratedNever();
            table.HasIndex(e => new { e.RequestId, e.Sequence });
            table.HasIndex(e => new { e.ActorId, e.Sequence });
            table.HasIndex(e => new { e.Action, e.Sequence });
            table.HasIndex(e => e.Time);
        });
    }
}
