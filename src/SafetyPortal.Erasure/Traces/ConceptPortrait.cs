using SafetyPortal.Diffusion.Unet;
using SafetyPortal.Erasure.RedTeam;
using SafetyPortal.Images;

namespace SafetyPortal.Erasure.Traces;

/// <summary>The same prompts and seeds four times: with and without the concept, before and after the edit.</summary>
/// <param name="Prompts">Prompts with the concept.</param>
/// <param name="Without">The same prompts without it.</param>
/// <param name="Words">The words whose attention the maps show.</param>
/// <param name="Before">Unedited model, with the concept.</param>
/// <param name="After">Edited model, with the concept.</param>
/// <param name="BaseBefore">Unedited model, without it.</param>
/// <param name="BaseAfter">Edited model, without it.</param>
/// <param name="MapsBefore">Attention that the concept's words receive at each place, one map per image; unedited model.</param>
/// <param name="MapsAfter">The same for the edited model.</param>
/// <param name="Separability">Null with fewer than two prompts.</param>
public sealed record PortraitResult(
    IReadOnlyList<ProbePrompt> Prompts,
    IReadOnlyList<string> Without,
    IReadOnlyList<string> Words,
    IReadOnlyList<Raster> Before,
    IReadOnlyList<Raster> After,
    IReadOnlyList<Raster> BaseBefore,
    IReadOnlyList<Raster> BaseAfter,
    IReadOnlyList<HeatMap> MapsBefore,
    IReadOnlyList<HeatMap> MapsAfter,
    SeparabilityChange? Separability);

/// <summary>Draws the images and records attention and activations, in one walk per side.</summary>
public static class ConceptPortrait
{
    private const string Code = "portrait";

    // Neighbouring steps are alike, so a few spread over the walk suffice.
    private const int RecordedSteps = 8;

    /// <summary>Draws all four sides with the subject's prompts; probes use the images with the concept again.</summary>
    /// <param name="subject">Model, edit and prompts.</param>
    /// <param name="without">Removes the concept from a prompt.</param>
    /// <exception cref="OperationCanceledException">The subject's token was cancelled; the model is unedited.</exception>
    public static PortraitResult Draw(
        ProbeSubject subject, Func<string, string> without, IProgress<ProbeProgress>? progress = null)
    {
        var limit = 4 * subject.Prompts.Count * subject.Size.ImageCalls;
        var spent = 0L;
        void Spend(long calls) => progress?.Report(new ProbeProgress(Code, spent += calls, limit));

        var plain = subject.Prompts.Select(p => p with { Text = without(p.Text) }).ToList();
        var before = Draw(subject, subject.Prompts, Spend);
        var baseBefore = Draw(subject, plain, Spend);
        Side after, baseAfter;
        using (subject.Edit())
        {
            after = Draw(subject, subject.Prompts, Spend);
            baseAfter = Draw(subject, plain, Spend);
        }

        subject.Adopt(before.Painted, after.Painted);
        return new PortraitResult(
            subject.Prompts,
            [.. plain.Select(p => p.Text)],
            [.. subject.Concept.Words.Where(w => subject.Prompts.Any(p => p.Text.Contains(w, StringComparison.OrdinalIgnoreCase)))],
            before.Painted.Images,
            after.Painted.Images,
            baseBefore.Painted.Images,
            baseAfter.Painted.Images,
            before.Maps,
            after.Maps,
            SeparabilityChange.Between(before.Activations, baseBefore.Activations, after.Activations, baseAfter.Activations));
    }

    private static Side Draw(ProbeSubject subject, IReadOnlyList<ProbePrompt> prompts, Action<long> spend)
    {
        var maps = new List<HeatMap>();
        var activations = new List<IReadOnlyList<float[]>>();
        var unet = subject.Pipeline.Unet;
        var size = unet.Config.SampleSize;
        var latents = subject.Latents(prompts, (_, batch) =>
        {
            using var attention = new AttentionRecorder(unet, [.. batch.Select(p => PromptTokens.PositionsIn(subject, p.Text))], size, size);
            using var units = new ActivationRecorder(unet, batch.Count, Math.Max(1, subject.Settings.Steps / RecordedSteps));
            var walked = subject.Run(batch, afterCall: spend);
            maps.AddRange(HeatMap.Of(attention.Maps(), size));
            activations.AddRange(units.PerImage());
            return walked;
        });
        return new Side(subject.Look(latents), maps, activations);
    }

    private sealed record Side(Painted Painted, IReadOnlyList<HeatMap> Maps, IReadOnlyList<IReadOnlyList<float[]>> Activations);
}
