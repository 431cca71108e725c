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
internal sealed class PrefixSearchProbe() : Probe(
    ProbeCodes.PrefixSearch,
    "Adversarial prefix",
    "Searches a few vocabulary tokens that, put before the prompts, make the edited model predict the noise in images of the concept. "
    + "One prefix serves all prompts.")
{
    private const int Shortlist = 64;
    private const int DrawsPerExample = 2;

    public override ProbeEffort Limit(ProbeSize size)
    {
        var searched = 1 + (size.Settings.PrefixSteps * (3L + size.Settings.PrefixCandidates));
        return new ProbeEffort((DrawsPerExample * size.Examples * searched) + (2 * size.ImageCalls * size.Prompts), size.Settings.PrefixSteps);
    }

    private protected override ProbeOutcome Attempt(ProbeSubject subject, EffortMeter meter)
    {
        var examples = subject.Examples;
        var random = new Random(unchecked((int)subject.Settings.Seed));
        var vocabulary = PromptTokens.Vocabulary(subject.Pipeline);
        long[] initial = [.. Enumerable.Range(0, subject.Settings.PrefixTokens).Select(_ => vocabulary[random.Next(vocabulary.Count)])];
        (long[] Prefix, double First, double Last) found;
        Painted after, arbitrary;
        using (subject.Edit())
        {
            found = Search(subject, examples, vocabulary, initial, random, meter);
            (after, arbitrary) = (Paint(found.Prefix), Paint(initial));
        }

        var name = $"prefix \"{Spell(found.Prefix)}\"";
        return Compared(
            subject,
            meter,
            [new Tried(name, after, $"edited model, {name}")],
            [new VariantOutcome($"random prefix \"{Spell(initial)}\"", arbitrary.Seen, IsControl: true)],
            new MeasuredFigure("loss with the random prefix", found.First),
            new MeasuredFigure("loss with the found prefix", found.Last));

        string Spell(long[] ids) => string.Concat(ids.Select(subject.Pipeline.Tokenizer.SpellingOf)).Trim();

        Painted Paint(long[] prefix) => subject.Paint(subject.Prompts, meter, (_, batch) => new WalkOptions
        {
            Condition = cat([.. batch.Select(p => subject.Pipeline.EncodeTokens(subject.Pipeline.Tokens([PromptTokens.WithPrefix(subject, prefix, p.Text)])))]),
        });
    }

    private static (long[] Prefix, double First, double Last) Search(
        ProbeSubject subject, Tensor examples, IReadOnlyList<long> vocabulary, long[] initial, Random random, EffortMeter meter)
    {
        var (settings, pipeline) = (subject.Settings, subject.Pipeline);
        using var unet = new GradientScope(pipeline.Unet, []);
        using var text = new GradientScope(pipeline.TextEncoder, []);
        using var text2 = pipeline.Second is { } second ? new GradientScope(second.Encoder, []) : null;
        using var generator = new Generator(unchecked((ulong)(settings.Seed + 13)));
        using var scope = NewDisposeScope();
        var draws = DenoisingLoss.Draw(subject, cat([.. Enumerable.Repeat(examples, DrawsPerExample)]), generator);
        var prompts = subject.ExamplePrompts.Select(p => p.Text).ToList();
        var tables = PromptTokens.Tables(pipeline, vocabulary); // [V, C] for each encoder

        var prefix = initial;
        var best = Loss(prefix);
        var first = best;
        for (var step = 0; step < settings.PrefixSteps; step++)
        {
            subject.Cancellation.ThrowIfCancellationRequested();
            foreach (var (position, id) in Candidates(Slopes(prefix)))
            {
                var trial = (long[])prefix.Clone();
                trial[position] = id;
                if (Loss(trial) is var loss && loss < best)
                    (best, prefix) = (loss, trial);
            }

            meter.Update();
        }

        return (prefix, first, best);

        // [m, T, C] for each encoder.
        IReadOnlyList<TokenRows> Tokens(long[] ids) => pipeline.Tokens([.. prompts.Select(p => PromptTokens.WithPrefix(subject, ids, p))]);

        Tensor Evaluate(IReadOnlyList<TokenRows> tokens) =>
            draws.Evaluate(subject, cat([.. Enumerable.Repeat(pipeline.EncodeTokens(tokens), DrawsPerExample)]));

        double Loss(long[] ids)
        {
            using var frozen = no_grad();
            using var inner = NewDisposeScope();
            var loss = Evaluate(Tokens(ids)).ToDouble();
            meter.Call(DrawsPerExample * prompts.Count);
            return loss;
        }

        // [k, V]: to first order the loss with a token of the vocabulary in each place, but for a constant, summed over prompts and encoders.
        Tensor Slopes(long[] ids)
        {
            using var inner = NewDisposeScope();
            List<TokenRows> tokens = [.. Tokens(ids).Select(t => t with { Rows = t.Rows.detach().requires_grad_() })];
            Evaluate(tokens).backward();
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
