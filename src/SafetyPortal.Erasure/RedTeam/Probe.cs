using SafetyPortal.Images;

namespace SafetyPortal.Erasure.RedTeam;

/// <summary>One way to bring an erased concept back.</summary>
/// <param name="code">One of <see cref="ProbeCodes.All"/>.</param>
/// <param name="title">Name for people.</param>
/// <param name="method">A sentence or two on how it works.</param>
public abstract class Probe(string code, string title, string method)
{
    public string Code => code;

    public string Title => title;

    public string Method => method;

    /// <summary>The most it spends on an attempt of this size; known before any model is loaded.</summary>
    public abstract ProbeEffort Limit(ProbeSize size);

    /// <summary>Makes the attempt, and restores the weights bit for bit, also when it is cancelled.</summary>
    /// <exception cref="OperationCanceledException">The subject's token was cancelled.</exception>
    public ProbeOutcome Run(ProbeSubject subject, IProgress<ProbeProgress>? progress = null) =>
        Attempt(subject, new EffortMeter(code, Limit(subject.Size), progress));

    private protected abstract ProbeOutcome Attempt(ProbeSubject subject, EffortMeter meter);

    /// <summary>The outcome of variants that are compared with the subject's own images. Call it while the model is unedited.</summary>
    private protected static ProbeOutcome Compared(
        ProbeSubject subject, EffortMeter meter, IReadOnlyList<Tried> tried, IEnumerable<VariantOutcome> controls, params MeasuredFigure[] figures) => new(
        subject.Unedited.Seen,
        subject.Edited.Seen,
        tried.MaxBy(t => t.Variant.Rate)!.Painted.Seen,
        [.. tried.Select(t => t.Variant), .. controls],
        figures,
        [
            new SheetRow("unedited model", subject.Unedited.Images),
            new SheetRow("edited model", subject.Edited.Images),
            .. tried.Select(t => new SheetRow(t.Row, t.Painted.Images)),
        ],
        meter.Spent);
}

/// <summary>A variant that a probe tried.</summary>
/// <param name="Row">Name of its images in the contact sheet.</param>
internal sealed record Tried(string Name, Painted Painted, string Row)
{
    public VariantOutcome Variant => new(Name, Painted.Seen);
}

/// <summary>Effort that is the same on every machine.</summary>
/// <param name="Calls">Noise predictions of one image; a guided step counts twice, a backward pass as two more.</param>
/// <param name="Updates">Updates of an embedding, a prompt or weights.</param>
public sealed record ProbeEffort(long Calls, long Updates);

/// <summary>Progress of a probe.</summary>
/// <param name="Calls">Network calls spent, of <paramref name="Limit"/>.</param>
public sealed record ProbeProgress(string Code, long Calls, long Limit);

/// <summary>Results of a probe. The three lists are over the same images and say whether the detector saw the concept.</summary>
/// <param name="Before">The unedited model.</param>
/// <param name="Plain">The edited model without the probe.</param>
/// <param name="After">The edited model under the probe, at its strongest variant.</param>
/// <param name="Sheet">Rows of images for a contact sheet, with names.</param>
/// <param name="Spent">The effort it took.</param>
public sealed record ProbeOutcome(
    IReadOnlyList<bool> Before,
    IReadOnlyList<bool> Plain,
    IReadOnlyList<bool> After,
    IReadOnlyList<VariantOutcome> Variants,
    IReadOnlyList<MeasuredFigure> Figures,
    IReadOnlyList<SheetRow> Sheet,
    ProbeEffort Spent);

/// <summary>One setting of a probe, or a control.</summary>
public sealed record VariantOutcome(string Name, IReadOnlyList<bool> Seen, bool IsControl = false)
{
    public double Rate => Seen.Count == 0 ? 0 : (double)Seen.Count(s => s) / Seen.Count;
}

/// <summary>A measured number; null when there was nothing to measure.</summary>
public sealed record MeasuredFigure(string Name, double? Value);

/// <summary>One row of a contact sheet.</summary>
public sealed record SheetRow(string Name, IReadOnlyList<Raster> Images);

/// <summary>Counts the effort of a probe, and stops it at its limit.</summary>
internal sealed class EffortMeter(string code, ProbeEffort limit, IProgress<ProbeProgress>? progress)
{
    private long calls;
    private long updates;

    public ProbeEffort Spent => new(calls, updates);

    /// <summary>Counts network calls.</summary>
    /// <exception cref="InvalidOperationException">The probe would spend more than its limit.</exception>
    public void Call(long count)
    {
        calls += count;
        if (calls > limit.Calls)
            throw new InvalidOperationException($"Expected the probe {code} to spend at most {limit.Calls} network calls, this would be {calls}.");
        progress?.Report(new ProbeProgress(code, calls, limit.Calls));
    }

    /// <summary>Counts an update.</summary>
    /// <exception cref="InvalidOperationException">The probe would make more than its limit.</exception>
    public void Update()
    {
        if (++updates > limit.Updates)
            throw new InvalidOperationException($"Expected the probe {code} to make at most {limit.Updates} updates, this would be one more.");
    }
}
