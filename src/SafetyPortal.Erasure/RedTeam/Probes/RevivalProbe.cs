using SafetyPortal.Erasure.Ablation;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafetyPortal.Erasure.RedTeam.Probes;

/// <summary>
/// Revival without data, since zeroed weights stick out. The probe takes the smallest weights of a tensor as the zeroed ones and completes them from the
/// rest by a low-rank model (SoftImpute, Mazumder et al. 2010). It puts the largest of them back with the completed sign and either the completed magnitude
/// or the largest magnitude left in their row (after arXiv 2603.06640). It does the same to the edit with its entries filled with noise, which hides
/// their places.
/// </summary>
public sealed class RevivalProbe : IProbe
{
    private const double NoiseSigma = 0.01;

    public string Code => "revival";

    public string Title => "Revival of zeroed weights";

    public string Method =>
        "Finds the edited weights as the smallest of each tensor, completes them from the other weights with a low-rank model and puts the largest back; once for the edit as it is and once for a noise fill of the same weights.";

    public ProbeEffort Limit(ProbeSize size)
    {
        ArgumentNullException.ThrowIfNull(size);
        return new ProbeEffort(4 * size.ImageCalls * size.Prompts, 4);
    }

    public ProbeOutcome Run(ProbeSubject subject, IProgress<ProbeProgress>? progress, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(subject);
        var meter = new EffortMeter(Code, Limit(subject.Size), progress);
        var (before, plain) = (subject.Unedited, subject.Edited);
        var unet = subject.Pipeline.Unet;
        var truth = Values(unet.named_parameters().ToDictionary(p => p.name, p => p.parameter, StringComparer.Ordinal), subject.Patch.Mask);
        var asIs = new List<(VariantOutcome Outcome, Painted Painted, Located Located)>();
        var noised = new List<(VariantOutcome Outcome, Painted Painted, Located Located)>();
        using (subject.Edit()) asIs.AddRange(Attempts("edit as it is"));

        var noise = PatchBuilder.FromMask(unet, subject.Patch.Mask, new AblationSettings(0.5, Fill: AblationFill.Noise, NoiseSigma: NoiseSigma, NoiseSeed: subject.Settings.Seed));
        using (AppliedPatch.WriteUnverified(unet, noise)) noised.AddRange(Attempts("noise fill"));

        var strongest = asIs.MaxBy(a => a.Outcome.Rate);
        return new ProbeOutcome(
            before.Seen,
            plain.Seen,
            strongest.Outcome.Seen,
            [.. asIs.Select(a => a.Outcome), .. noised.Select(a => a.Outcome)],
            [
                new MeasuredFigure("share of the edited weights found, edit as it is", asIs[0].Located.Found),
                new MeasuredFigure("right signs among those, edit as it is", asIs[0].Located.RightSigns),
                new MeasuredFigure("share of the edited weights found, noise fill", noised[0].Located.Found),
                new MeasuredFigure("right signs among those, noise fill", noised[0].Located.RightSigns),
            ],
            [
                new SheetRow("unedited model", before.Images),
                new SheetRow("edited model", plain.Images),
                .. asIs.Concat(noised).Select(a => new SheetRow(a.Outcome.Name, a.Painted.Images)),
            ],
            meter.Spent);

        List<(VariantOutcome Outcome, Painted Painted, Located Located)> Attempts(string name)
        {
            var result = new List<(VariantOutcome Outcome, Painted Painted, Located Located)>();
            var touched = unet.named_parameters().Where(p => subject.Patch.Tensors.Any(t => t.Mask.Name == p.name)).ToList();
            using var snapshot = new WeightSnapshot(touched.Select(p => p.parameter));
            var weights = touched.ToDictionary(p => p.name, p => p.parameter, StringComparer.Ordinal);
            var (guesses, located) = Guess(subject, weights, truth, cancellation);
            foreach (var largest in new[] { true, false })
            {
                cancellation.ThrowIfCancellationRequested();
                snapshot.Restore();
                foreach (var guess in guesses) PutBack(weights[guess.Name], guess, largest);
                meter.Update();
                var painted = subject.Paint(subject.Prompts, meter.Call);
                result.Add((new VariantOutcome($"{name}, {(largest ? "row's largest" : "completed")} magnitude", painted.Seen), painted, located));
            }

            return result;
        }
    }

    /// <summary>Guesses the places and former values of the edited weights, and compares the guess with the truth.</summary>
    private static (List<Guessed> Guesses, Located Located) Guess(
        ProbeSubject subject, Dictionary<string, Parameter> weights, Dictionary<string, float[]> truth, CancellationToken cancellation)
    {
        using var frozen = no_grad();
        var result = new List<Guessed>();
        long found = 0, right = 0, all = 0;
        foreach (var item in subject.Patch.Tensors)
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            var weight = weights[item.Mask.Name];
            var matrix = weight.detach().to(ScalarType.Float32).cpu(); // [r, c]
            var count = item.Mask.Indices.Length;
            var (_, smallest) = matrix.abs().reshape(-1).topk(count, 0, largest: false);
            var missing = zeros([matrix.numel()], dtype: ScalarType.Bool)
                .scatter_(0, smallest, ones([count], dtype: ScalarType.Bool)).reshape(matrix.shape);
            var completed = LowRankCompletion.Complete(matrix, missing, subject.Settings.RevivalIterations, cancellation);

            var guesses = completed.reshape(-1).index_select(0, smallest);
            var keep = Math.Max(1, (int)(count * subject.Settings.RevivalShare));
            var (_, order) = guesses.abs().topk(keep, 0);
            var places = smallest.index_select(0, order);
            var best = guesses.index_select(0, order);
            var rows = places.div(matrix.size(1), RoundingMode.floor).to(ScalarType.Int64);
            var rowsLargest = best.sign() * matrix.masked_fill(missing, 0).abs().amax([1L]).index_select(0, rows);
            result.Add(new Guessed(item.Mask.Name, places.data<long>().ToArray(), best.data<float>().ToArray(), rowsLargest.data<float>().ToArray()));

            var known = item.Mask.Indices.Select((index, i) => (index, truth[item.Mask.Name][i])).ToDictionary(p => p.index, p => p.Item2);
            foreach (var (place, sign) in smallest.data<long>().ToArray().Zip(guesses.sign().data<float>().ToArray()))
            {
                if (!known.TryGetValue(place, out var value)) continue;
                found++;
                if (Math.Sign(value) == Math.Sign(sign)) right++;
            }

            all += count;
        }

        return (result, new Located(all == 0 ? null : (double)found / all, found == 0 ? null : (double)right / found));
    }

    private static void PutBack(Parameter weight, Guessed guess, bool largest)
    {
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        var values = largest ? guess.RowsLargest : guess.Completed;
        weight.detach().view(-1).index_copy_(0, tensor(guess.Places).to(weight.device), tensor(values).to(weight.dtype, weight.device));
    }

    /// <summary>The values that the edit changed, by tensor; they rate the guess and do not serve to make it.</summary>
    private static Dictionary<string, float[]> Values(Dictionary<string, Parameter> weights, AblationMask mask)
    {
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        return mask.Tensors.ToDictionary(
            t => t.Name,
            t => weights[t.Name].detach().reshape(-1).index_select(0, tensor(t.Indices).to(weights[t.Name].device)).to(ScalarType.Float32).cpu().data<float>().ToArray(),
            StringComparer.Ordinal);
    }

    /// <summary>The weights of one tensor to put back.</summary>
    /// <param name="Places">Flat positions.</param>
    /// <param name="Completed">Values with the completed magnitude.</param>
    /// <param name="RowsLargest">Values with the largest magnitude left in their row.</param>
    private sealed record Guessed(string Name, long[] Places, float[] Completed, float[] RowsLargest);

    private sealed record Located(double? Found, double? RightSigns);
}
