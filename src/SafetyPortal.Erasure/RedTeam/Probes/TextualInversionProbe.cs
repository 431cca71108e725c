using SafetyPortal.Erasure.Attribution;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafetyPortal.Erasure.RedTeam.Probes;

/// <summary>
/// Textual inversion (Gal et al. 2022, arXiv 2208.01618) on the edited model learns a new token's embedding from a few images of the
/// concept, with all weights frozen. It shows whether the text input still reaches the concept.
/// </summary>
internal sealed class TextualInversionProbe() : Probe(
    ProbeCodes.TextualInversion,
    "Textual inversion",
    "Learns a new token on the edited model from a few images of the unedited one, starting from the concept's own word, and puts it in that word's place.")
{
    public override ProbeEffort Limit(ProbeSize size) =>
        new((3L * size.Examples * size.Settings.InversionSteps) + (size.ImageCalls * size.Prompts), size.Settings.InversionSteps);

    private protected override ProbeOutcome Attempt(ProbeSubject subject, EffortMeter meter)
    {
        var examples = subject.Examples;
        var losses = new List<double>();
        Painted after;
        using (subject.Edit())
        using (NewDisposeScope())
        {
            var tokens = Learn(subject, examples, meter, losses);
            after = subject.Paint(subject.Prompts, meter, (_, batch) => new WalkOptions
            {
                Condition = cat([.. batch.Select(p => PromptTokens.Of(subject, p.Text).Encode(subject, tokens))]),
            });
        }

        var tenth = Math.Max(1, losses.Count / 10);
        return Compared(
            subject,
            meter,
            [new Tried($"token learned in {subject.Settings.InversionSteps} steps", after, "edited model, learned token")],
            [],
            new MeasuredFigure("loss in the first tenth of the steps", losses.Take(tenth).Average()),
            new MeasuredFigure("loss in the last tenth", losses.TakeLast(tenth).Average()));
    }

    private static IReadOnlyList<Tensor> Learn(ProbeSubject subject, Tensor examples, EffortMeter meter, List<double> losses)
    {
        var settings = subject.Settings;
        var texts = subject.ExamplePrompts.Select(p => PromptTokens.Of(subject, p.Text)).ToList();
        using var unet = new GradientScope(subject.Pipeline.Unet, []);
        using var text = new GradientScope(subject.Pipeline.TextEncoder, []);
        using var text2 = subject.Pipeline.Second is { } second ? new GradientScope(second.Encoder, []) : null;
        using var generator = new Generator(unchecked((ulong)(settings.Seed + 11)));
        List<Parameter> tokens = [.. texts[0].Starts(subject).Select(start => new Parameter(start, requires_grad: true))]; // [1, C] each
        var optimizers = tokens.Zip(PromptTokens.TableScales(subject), (token, scale) => optim.Adam([token], settings.InversionRate * scale)).ToList();
        try
        {
            for (var step = 0; step < settings.InversionSteps; step++)
            {
                subject.Cancellation.ThrowIfCancellationRequested();
                using var scope = NewDisposeScope();
                var condition = cat([.. texts.Select(t => t.Encode(subject, tokens))]); // [m, T, D]
                var loss = DenoisingLoss.Draw(subject, examples, generator).Evaluate(subject, condition);
                optimizers.ForEach(o => o.zero_grad());
                loss.backward();
                optimizers.ForEach(o => o.step());
                meter.Call(3 * examples.size(0));
                meter.Update();
                losses.Add(loss.ToDouble());
            }
        }
        finally
        {
            optimizers.ForEach(o => o.Dispose());
        }

        return [.. tokens.Select(t => t.detach())];
    }
}
