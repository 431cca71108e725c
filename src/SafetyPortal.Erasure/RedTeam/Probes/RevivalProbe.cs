using SafetyPortal.Erasure.Ablation;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafetyPortal.Erasure.RedTeam.Probes;

/// <summary>
/// Revival without data, since zeroed weights stick out. The probe takes the smallest weights of a tensor as the zeroed ones and completes them from the
/// rest by a low-rank model (SoftImpute, Mazumder et al. 2010). It puts the largest of them back with the completed sign and either the completed magnitude
/// or the largest magnitude left in their row (after arXiv 2603.06640). It does the same to the edit with its entries filled with noise, which
/// hides their places.
/// </summary>
internal sealed class RevivalProbe() : Probe(
    ProbeCodes.Revival,
    "Revival of zeroed weights",
    "Finds the edited weights as the smallest of each tensor, completes them from the other weights with a low-rank model and puts the largest back; "
    + "once for the edit as it is and once for a noise fill of the same weights.")
{
    private const double NoiseSigma = 0.01;

    public override ProbeEffort Limit(ProbeSize size) => new(4 * size.ImageCalls * size.Prompts, 4);

    private protected override ProbeOutcome Attempt(ProbeSubject subject, EffortMeter meter)
    {
        var unet = subject.Pipeline.Unet;
        var truth = Values(subject);
        var noise = PatchBuilder.FromMask(
            unet, subject.Patch.Mask, new AblationSettings(0.5, Fill: AblationFill.Noise, NoiseSigma: NoiseSigma, NoiseSeed: subject.Settings.Seed));
        List<Tried> asIs, noised;
        Located located, locatedInNoise;
        using (subject.Edit())
            (asIs, located) = Attempts(subject, meter, "edit as it is", truth);
        using (WeightChanges.Apply(unet, noise.Tensors))
            (noised, locatedInNoise) = Attempts(subject, meter, "noise fill", truth);

        return Compared(
            subject,
            meter,
            [.. asIs, .. noised],
            [],
            new MeasuredFigure("share of the edited weights found, edit as it is", located.Found),
            new MeasuredFigure("right signs among those, edit as it is", located.RightSigns),
            new MeasuredFigure("share of the edited weights found, noise fill", locatedInNoise.Found),
            new MeasuredFigure("right signs among those, noise fill", locatedInNoise.RightSigns)) with
        {
            After = asIs.MaxBy(t => t.Variant.Rate)!.Painted.Seen,
        };
    }

    private static (List<Tried> Tried, Located Located) Attempts(ProbeSubject subject, EffortMeter meter, string name, Dictionary<string, float[]> truth)
    {
        var tried = new List<Tried>();
        var (guesses, located) = Guess(subject, truth);
        foreach (var largest in new[] { true, false })
        {
            subject.Cancellation.ThrowIfCancellationRequested();
            using var putBack = new WeightChanges();
            foreach (var guess in guesses)
                putBack.Write(guess.Weight, guess.Places, largest ? guess.RowsLargest : guess.Completed);
            meter.Update();
            var variant = $"{name}, {(largest ? "row's largest" : "completed")} magnitude";
            tried.Add(new Tried(variant, subject.Paint(subject.Prompts, meter), variant));
        }

        return (tried, located);
    }

    /// <summary>Guesses the places and former values of the edited weights, and compares the guess with the truth.</summary>
    private static (List<Guessed> Guesses, Located Located) Guess(ProbeSubject subject, Dictionary<string, float[]> truth)
    {
        using var frozen = no_grad();
        var result = new List<Guessed>();
        long found = 0, right = 0, all = 0;
        foreach (var (mask, weight) in subject.Patch.Mask.WeightsIn(subject.Pipeline.Unet))
        {
            subject.Cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            var matrix = weight.detach().to(ScalarType.Float32).cpu(); // [r, c]
            var count = mask.Indices.Length;
            var (_, smallest) = matrix.abs().reshape(-1).topk(count, 0, largest: false);
            var missing = zeros([matrix.numel()], dtype: ScalarType.Bool)
                .scatter_(0, smallest, ones([count], dtype: ScalarType.Bool)).reshape(matrix.shape);
            var completed = LowRankCompletion.Complete(matrix, missing, subject.Settings.RevivalIterations, subject.Cancellation);

            var guesses = completed.reshape(-1).index_select(0, smallest);
            var keep = Math.Max(1, (int)(count * subject.Settings.RevivalShare));
            var (_, order) = guesses.abs().topk(keep, 0);
            var places = smallest.index_select(0, order);
            var best = guesses.index_select(0, order);
            var rows = places.div(matrix.size(1), RoundingMode.floor).to(ScalarType.Int64);
            var rowsLargest = best.sign() * matrix.masked_fill(missing, 0).abs().amax([1L]).index_select(0, rows);
            result.Add(new Guessed(weight, places.data<long>().ToArray(), best.data<float>().ToArray(), rowsLargest.data<float>().ToArray()));

            var known = mask.Indices.Zip(truth[mask.Name]).ToDictionary(p => p.First, p => p.Second);
            foreach (var (place, sign) in smallest.data<long>().ToArray().Zip(guesses.sign().data<float>().ToArray()))
            {
                if (!known.TryGetValue(place, out var value))
                    continue;
                found++;
                right += Math.Sign(value) == Math.Sign(sign) ? 1 : 0;
            }

            all += count;
        }

        return (result, new Located(all == 0 ? null : (double)found / all, found == 0 ? null : (double)right / found));
    }

    /// <summary>The values that the edit changed, by tensor; they rate the guess and do not serve to make it.</summary>
    private static Dictionary<string, float[]> Values(ProbeSubject subject)
    {
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        return subject.Patch.Mask.WeightsIn(subject.Pipeline.Unet).ToDictionary(
            t => t.Mask.Name,
            t => t.Weight.detach().reshape(-1).index_select(0, tensor(t.Mask.Indices).to(t.Weight.device)).to(ScalarType.Float32).cpu().data<float>().ToArray(),
            StringComparer.Ordinal);
    }

    /// <summary>The weights of one tensor to put back.</summary>
    /// <param name="Places">Flat positions.</param>
    /// <param name="Completed">Values with the completed magnitude.</param>
    /// <param name="RowsLargest">Values with the largest magnitude left in their row.</param>
    private sealed record Guessed(Parameter Weight, long[] Places, float[] Completed, float[] RowsLargest);

    private sealed record Located(double? Found, double? RightSigns);
}
