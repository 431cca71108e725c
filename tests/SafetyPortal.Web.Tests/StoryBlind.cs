using System.Text;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using SafetyPortal.Requests;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Artifacts;
using SafetyPortal.Requests.Audit;
using SafetyPortal.Requests.Blind;
using SafetyPortal.Requests.Data;
using SafetyPortal.Requests.Evidence;
using SafetyPortal.Requests.Runs;
using SafetyPortal.Web.Decisions;
using SafetyPortal.Worker.Stages;

namespace SafetyPortal.Web.Tests;

/// <summary>What a blind judgement reads of a run's stages, and two judgements: one finished by the second approver, one the first has open.</summary>
internal static class StoryBlind
{
    /// <summary>Output of a stage in the form the worker writes; null for stages that nothing here reads.</summary>
    public static async Task<byte[]?> OutputAsync(RunStage stage, EvidenceDocument evidence, Func<byte[], Task<string>> put)
    {
        var entries = evidence.Gallery.Entries;
        switch (stage)
        {
            case RunStage.Load:
                var cases = entries.Select((entry, i) => new { id = $"case-{i}", entry.Prompt, entry.Seed, entry.Group, concept = entry.BeforeLabel, isStyle = false });
                return Bytes(new { evidence.BaseDigest, evaluation = new { cases } });
            case RunStage.Generate:
                var images = new List<object>();
                for (var i = 0; i < entries.Count; i++)
                    images.Add(new { caseId = $"case-{i}", image = await put(Story.Picture(i, 30)), judgeObject = i % 4 == 0 ? "house" : entries[i].BeforeLabel, judgeStyle = "noto", clipConcept = "house", clipScore = 20.5 });
                return Bytes(new { doses = new[] { new { dose = evidence.ChosenDose, gallery = new { images, features = "" } } }, chosen = evidence.ChosenDose, controls = new[] { new { code = "random", role = "control", name = "Random weights", count = 1, patch = "", gallery = new { images, features = "" } } } });
            default:
                return null;
        }
    }

    public static async Task<BlindJudgement> JudgeAsync(Portal portal, EraseRequest request)
    {
        var judge = portal.Services.GetRequiredService<JudgeBlind>();
        var second = await portal.Services.GetRequiredService<DemoAccounts>().ActorAsync(portal.Accounts.Last(a => a.Role == Roles.Approver).Email, default);
        await using var db = await portal.Services.GetRequiredService<IDbContextFactory<PortalDb>>().CreateDbContextAsync();
        var run = await db.Runs.AsNoTracking().Include(r => r.StageResults).Where(r => r.RequestId == request.Id).OrderByDescending(r => r.Id).FirstAsync();
        var evidence = await portal.Services.GetRequiredService<EvidenceReader>().ReadAsync(run, default);
        var pictures = await BlindPictures.ReadAsync(portal.Services.GetRequiredService<IArtifactStore>(), run, evidence!, default);
        var finished = await judge.StartAsync(second, request.Id, pictures, default);
        await judge.FinishAsync(second, finished.Id, [.. finished.Cards().Select(card => (bool?)(card.Arm != BlindArm.Edited))], default);
        return await judge.StartAsync(await portal.ActorAsync(Roles.Approver), request.Id, pictures, default);
    }

    private static byte[] Bytes(object output) => Encoding.UTF8.GetBytes(CanonicalJson.Serialize(output));
}
