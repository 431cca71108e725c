using SafetyPortal.Erasure.Attribution;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafetyPortal.Erasure.RedTeam.Probes;

/// <summary>
/// Textual inversion (Gal et al. 2022, arXiv 2208.01618) on the edited model learns a new token's embedding from a few images of the
/// concept, with all weights frozen. It shows whether the text input still reaches the concept.
/// </summary>
public sealed class TextualInversionProbe : IProbe
{
    public string Code => "textual-inversion";

    public string Title => "Textual inversion";

    public string Method =>
        "A new token is learned on the edited model from a few images of the unedited one, starting from the concept's own word, and takes its place in the prompts.";

    public ProbeEffort Limit(ProbeSize size)
    {
        ArgumentNullException.ThrowIfNull(size);
        var settings = size.Settings;
        return new ProbeEffort((3L * size.Examples * settings.InversionSteps) + (size.ImageCalls * size.Prompts), settings.InversionSteps);
    }

    public ProbeOutcome Run(ProbeSubject subject, IProgress<ProbeProgress>? progress, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(subject);
        var meter = new EffortMeter(Code, Limit(subject.Size), progress);
        var (before, plain) = (subject.Unedited, subject.Edited);
        var examples = subject.Examples;
        using var scope = NewDisposeScope();
        using var edit = subject.Edit();
        var (tokens, first, last) = Learn(subject, examples, meter, cancellation);
        var after = subject.InBatches(subject.Prompts.Count, (start, count) =>
        {
            using var frozen = no_grad();
            using var inner = NewDisposeScope();
            var texts = subject.Prompts.Skip(start).Take(count).Select(p => PromptTokens.Of(subject, p.Text)).ToList();
            var condition = cat([.. texts.Select(t => t.Encode(subject, tokens))]);
            return subject.Step(start, count, latents: null, WalkOptions.Plain, meter, cancellation, condition: condition).MoveToOuterDisposeScope();
        });
        return new ProbeOutcome(
            before.Seen,
            plain.Seen,
            after.Seen,
            [new VariantOutcome($"token learned in {subject.Settings.InversionSteps} steps", after.Seen)],
            [new MeasuredFigure("loss in the first tenth of the steps", first), new MeasuredFigure("loss in the last tenth", last)],
            [
                new SheetRow("unedited model", before.Images),
                new SheetRow("edited model", plain.Images),
                new SheetRow("edited model, learned token", after.Images),
            ],
            meter.Spent);
    }

    private static (IReadOnlyList<Tensor> Tokens, double First, double Last) Learn(ProbeSubject subject, Tensor examples, EffortMeter meter, CancellationToken cancellation)
    {
        var settings = subject.Settings;
        var texts = subject.ExamplePrompts.Select(p => PromptTokens.Of(subject, p.Text)).ToList();
        using var unet = new GradientScope(subject.Pipeline.Unet, []);
        using var text = new GradientScope(subject.Pipeline.TextEncoder, []);
        using var text2 = subject.Pipeline.Second is { } second ? new GradientScope(second.Encoder, []) : null;
        List<Tensor> tokens = [];
        var optimizers = new List<optim.Optimizer>();
        foreach (var (start, scale) in texts[0].Starts(subject).Zip(PromptTokens.TableScales(subject)))
        {
            var token = new Parameter(start, requires_grad: true); // [1, C]
            tokens.Add(token);
            optimizers.Add(optim.Adam([token], settings.InversionRate * scale));
        }

        using var generator = new Generator(unchecked((ulong)(settings.Seed + 11)));
        var losses = new List<double>();
        try
        {
            for (var step = 0; step < settings.InversionSteps; step++)
            {
                cancellation.ThrowIfCancellationRequested();
                using var scope = NewDisposeScope();
                var condition = cat([.. texts.Select(t => t.Encode(subject, tokens))]); // [m, T, D]
                var loss = DenoisingLoss.Random(subject, examples, condition, generator);
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

        var tenth = Math.Max(1, losses.Count / 10);
        return ([.. tokens.Select(t => t.detach())], losses.Take(tenth).Average(), losses.TakeLast(tenth).Average());
    }
}
