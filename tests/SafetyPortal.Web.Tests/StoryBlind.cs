using System.Text;
using SafetyPortal.Requests;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Artifacts;
using SafetyPortal.Requests.Audit;
using SafetyPortal.Requests.Blind;
using SafetyPortal.Requests.Evidence;
using SafetyPortal.Requests.Runs;
using SafetyPortal.Worker.Stages;

namespace SafetyPortal.Web.Tests;

/// <summary>The stage outputs that a blind judgement reads, and two judgements: a finished one of the second approver, an open one of the first.</summary>
internal static class StoryBlind
{
    /// <summary>Returns the output of a stage as the worker writes it; null for stages that no test reads.</summary>
    public static async Task<byte[]?> OutputAsync(RunStage stage, EvidenceDocument evidence, Func<byte[], Task<string>> put)
    {
        var entries = evidence.Gallery.Entries;
        switch (stage)
        {
            case RunStage.Load:
                var cases = entries.Select(
                    (entry, i) => new { id = $"case-{i}", entry.Prompt, entry.Seed, entry.Group, concept = entry.BeforeLabel, isStyle = false });
                return Bytes(new { evidence.BaseDigest, evaluation = new { cases } });
            case RunStage.Generate:
                var images = new List<object>();
                foreach (var (i, entry) in entries.Index())
                {
                    var (image, judgeObject) = (await put(Story.Picture(i, 30)), i % 4 == 0 ? "house" : entry.BeforeLabel);
                    images.Add(new { caseId = $"case-{i}", image, judgeObject, judgeStyle = "noto", clipConcept = "house", clipScore = 20.5 });
                }
                var gallery = new { images, features = "" };
                var control = new { code = "random", role = "control", name = "Random weights", count = 1, patch = "", gallery };
                return Bytes(new { doses = new[] { new { dose = evidence.ChosenDose, gallery } }, chosen = evidence.ChosenDose, controls = new[] { control } });
            default:
                return null;
        }
    }

    public static async Task<BlindJudgement> JudgeAsync(Portal portal, EraseRequest request)
    {
        var judge = portal.Get<JudgeBlind>();
        var second = await portal.Get<DemoAccounts>().ActorAsync(portal.SecondApprover.Email, default);
        var (run, evidence) = await portal.EvidenceAsync(request);
        var pictures = await BlindPictures.ReadAsync(portal.Get<IArtifactStore>(), run, evidence, default);
        var finished = await judge.StartAsync(second, request.Id, pictures, default);
        await judge.FinishAsync(second, finished.Id, [.. finished.Cards().Select(card => (bool?)(card.Arm != BlindArm.Edited))], default);
        return await judge.StartAsync(await portal.ActorAsync(Roles.Approver), request.Id, pictures, default);
    }

    private static byte[] Bytes(object output) => Encoding.UTF8.GetBytes(CanonicalJson.Serialize(output));
}
