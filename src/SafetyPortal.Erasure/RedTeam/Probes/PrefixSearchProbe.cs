using SafetyPortal.Diffusion;
using SafetyPortal.Erasure.Attribution;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Erasure.RedTeam.Probes;

/// <summary>
/// A prefix of vocabulary tokens that makes the edited model denoise images of the concept well, after UnlearnDiffAtk (Zhang et al. 2023,
/// arXiv 2310.11868), one prefix for all prompts. Tokens are found by greedy coordinate search: the gradient ranks replacements, the
/// best few are tried (Zou et al. 2023, arXiv 2307.15043), so the result is text that a person could type.
/// </summary>
public sealed class PrefixSearchProbe : IProbe
{
    private const int Shortlist = 64;
    private const int DrawsPerExample = 2;

    public string Code => "prefix-search";

    public string Title => "Adversarial prefix";

    public string Method =>
        "Searches a few vocabulary tokens that, put before the prompts, make the edited model predict the noise in images of the concept. One prefix serves all prompts.";

    public ProbeEffort Limit(ProbeSize size)
    {
        ArgumentNullException.ThrowIfNull(size);
        var settings = size.Settings;
        var batch = (long)DrawsPerExample * size.Examples;
        return new ProbeEffort((batch * (1 + (settings.PrefixSteps * (3L + settings.PrefixCandidates)))) + (2 * size.ImageCalls * size.Prompts), settings.PrefixSteps);
    }

    public ProbeOutcome Run(ProbeSubject subject, IProgress<ProbeProgress>? progress, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(subject);
        var meter = new EffortMeter(Code, Limit(subject.Size), progress);
        var (before, plain) = (subject.Unedited, subject.Edited);
        var examples = subject.Examples;
        using var scope = NewDisposeScope();
        using var edit = subject.Edit();
        var random = new Random(unchecked((int)subject.Settings.Seed));
        var vocabulary = PromptTokens.Vocabulary(subject.Pipeline);
        long[] Draw() => [.. Enumerable.Range(0, subject.Settings.PrefixTokens).Select(_ => vocabulary[random.Next(vocabulary.Count)])];
        var initial = Draw();
        var (found, first, last) = Search(subject, examples, vocabulary, initial, random, meter, cancellation);

        var after = Paint(found);
        var arbitrary = Paint(initial);
        return new ProbeOutcome(
            before.Seen,
            plain.Seen,
            after.Seen,
            [
                new VariantOutcome($"prefix \"{Spell(found)}\"", after.Seen),
                new VariantOutcome($"random prefix \"{Spell(initial)}\"", arbitrary.Seen, IsControl: true),
            ],
            [new MeasuredFigure("loss with the random prefix", first), new MeasuredFigure("loss with the found prefix", last)],
            [
                new SheetRow("unedited model", before.Images),
                new SheetRow("edited model", plain.Images),
                new SheetRow($"edited model, prefix \"{Spell(found)}\"", after.Images),
            ],
            meter.Spent);

        string Spell(long[] ids) => string.Concat(ids.Select(subject.Pipeline.Tokenizer.SpellingOf)).Trim();

        Painted Paint(long[] prefix) => subject.InBatches(subject.Prompts.Count, (start, count) =>
        {
            using var frozen = no_grad();
            using var inner = NewDisposeScope();
            var texts = subject.Prompts.Skip(start).Take(count).Select(p => PromptTokens.WithPrefix(subject, prefix, p.Text)).ToList();
            var condition = cat([.. texts.Select(ids => subject.Pipeline.EncodeTokens(subject.Pipeline.Tokens([ids])))]);
            return subject.Step(start, count, latents: null, WalkOptions.Plain, meter, cancellation, condition: condition).MoveToOuterDisposeScope();
        });
    }

    private static (long[] Prefix, double First, double Last) Search(
        ProbeSubject subject, Tensor examples, IReadOnlyList<long> vocabulary, long[] initial, Random random, EffortMeter meter, CancellationToken cancellation)
    {
        var settings = subject.Settings;
        var pipeline = subject.Pipeline;
        using var unet = new GradientScope(subject.Pipeline.Unet, []);
        using var text = new GradientScope(pipeline.TextEncoder, []);
        using var text2 = pipeline.Second is { } second ? new GradientScope(second.Encoder, []) : null;
        using var generator = new Generator(unchecked((ulong)(settings.Seed + 13)));
        using var scope = NewDisposeScope();
        var draws = DenoisingLoss.Fixed(subject, cat([.. Enumerable.Repeat(examples, DrawsPerExample)]), generator);
        var prompts = subject.ExamplePrompts.Select(p => p.Text).ToList();
        var tables = PromptTokens.Tables(pipeline, vocabulary); // [V, C] for each encoder

        var prefix = initial;
        var best = Loss(prefix);
        var first = best;
        for (var step = 0; step < settings.PrefixSteps; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            foreach (var (position, id) in Candidates(Slopes(prefix)))
            {
                var trial = (long[])prefix.Clone();
                trial[position] = id;
                var loss = Loss(trial);
                if (loss >= best) continue;
                (best, prefix) = (loss, trial);
            }

            meter.Update();
        }

        return (prefix, first, best);

        IReadOnlyList<TokenRows> Tokens(long[] ids) => pipeline.Tokens([.. prompts.Select(p => PromptTokens.WithPrefix(subject, ids, p))]); // [m, T, C] for each encoder

        double Loss(long[] ids)
        {
            using var frozen = no_grad();
            using var inner = NewDisposeScope();
            var condition = pipeline.EncodeTokens(Tokens(ids));
            var loss = draws.Evaluate(subject, cat([.. Enumerable.Repeat(condition, DrawsPerExample)])).ToDouble();
            meter.Call(DrawsPerExample * prompts.Count);
            return loss;
        }

        // [k, V]: to first order the loss with a token of the vocabulary in each place, but for a constant, summed over the prompts and the encoders.
        Tensor Slopes(long[] ids)
        {
            using var inner = NewDisposeScope();
            List<TokenRows> tokens = [.. Tokens(ids).Select(t => t with { Rows = t.Rows.detach().requires_grad_() })];
            var condition = pipeline.EncodeTokens(tokens);
            draws.Evaluate(subject, cat([.. Enumerable.Repeat(condition, DrawsPerExample)])).backward();
            meter.Call(3 * DrawsPerExample * prompts.Count);
            var slopes = tokens.Zip(tables, (t, table) =>
            {
                var gradient = t.Rows.grad ?? throw new InvalidOperationException("Expected a gradient for the prefix, there is none.");
                return gradient.narrow(1, 1, ids.Length).sum([0L]).mm(table.t());
            });
            return slopes.Aggregate((a, b) => a + b).detach().MoveToOuterDisposeScope();
        }

        List<(int Position, long Id)> Candidates(Tensor slopes)
        {
            using var inner = NewDisposeScope();
            var (_, order) = slopes.topk(Math.Min(Shortlist, vocabulary.Count), 1, largest: false); // [k, shortlist]
            var shortlist = order.cpu().data<long>().ToArray();
            var width = shortlist.Length / settings.PrefixTokens;
            return [.. Enumerable.Range(0, settings.PrefixCandidates).Select(_ =>
            {
                var position = random.Next(settings.PrefixTokens);
                return (position, vocabulary[(int)shortlist[(position * width) + random.Next(width)]]);
            })];
        }
    }
}
