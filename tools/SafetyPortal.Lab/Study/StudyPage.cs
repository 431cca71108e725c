using System.Globalization;
using System.Text;
using SafetyPortal.Evaluation;

namespace SafetyPortal.Lab.Study;

/// <summary>Writes what was studied as Markdown: one table over all concepts, then the tables of each.</summary>
internal static class StudyPage
{
    /// <param name="concepts">In the order of the page.</param>
    /// <param name="command">The command line that makes the page again.</param>
    /// <param name="settings">Images, steps and machine, one line each.</param>
    /// <param name="sheets">File of a concept's contact sheet, relative to the page.</param>
    public static string Write(IReadOnlyList<StudiedConcept> concepts, string command, IReadOnlyList<string> settings, Func<StudiedConcept, string?> sheets)
    {
        var page = new StringBuilder();
        page.Append(Invariant($"""
            # Evidence on the embedded model

            Written by `{command}`; do not edit by hand. Brackets hold n and 95 % intervals: Wilson's for rates; for means, FID and KID the bootstrap's over
            images or pairs of images (1,000 resamples, and 200 for an FID that is dear to resample).


            """));
        foreach (var setting in settings) page.Append(Invariant($"* {setting}\n"));
        page.Append('\n');
        Overview(page, concepts);
        Comparison(page, concepts);
        Faithfulness(page, concepts);
        RedTeam(page, concepts);
        foreach (var concept in concepts) Concept(page, concept, sheets(concept));
        return page.ToString();
    }

    /// <summary>How the improved edit did against plain CAD: a win needs erasure that is not behind.</summary>
    internal static (int Better, int Equal, int Worse, int NotComparable) WorstRetention(IReadOnlyList<StudiedConcept> concepts)
    {
        var (better, equal, worse, apart) = (0, 0, 0, 0);
        foreach (var concept in concepts)
        {
            var (plain, improved) = (Find(concept, "cad"), Find(concept, "improved"));
            if (plain is null || improved is null || Drop(improved) < Drop(plain) - 1e-9) apart++;
            else if (improved.Metrics.Retention.Worst > plain.Metrics.Retention.Worst) better++;
            else if (improved.Metrics.Retention.Worst < plain.Metrics.Retention.Worst) worse++;
            else equal++;
        }

        return (better, equal, worse, apart);
    }

    private static void Overview(StringBuilder page, IReadOnlyList<StudiedConcept> concepts)
    {
        page.Append(Invariant($"## All concepts\n\nMeans over the {concepts.Count} concepts, bootstrap intervals over concepts. The drop is (before - after) / before of the target's detection.\n\n"));
        var distances = Distances(concepts);
        Header(page, ["model", "concepts", "detection drop", "drop of 80 % reached", "mean retention", "worst retention", "CLIP score", .. distances.Select(d => d.Name), "seconds"]);
        foreach (var arms in concepts.SelectMany(c => c.Arms).GroupBy(a => a.Code, StringComparer.Ordinal).Select(g => g.ToList()))
        {
            Row(page,
            [
                arms[0].Name,
                Invariant($"{arms.Count}"),
                Mean(arms.Select(a => (double?)Drop(a)), 1, "0.# %"),
                Invariant($"{arms.Count(a => Drop(a) >= 0.8)} of {arms.Count}"),
                Mean(arms.Select(a => (double?)a.Metrics.Retention.Mean), 1, "0.# %"),
                Mean(arms.Select(a => (double?)a.Metrics.Retention.Worst), 1, "0.# %"),
                Mean(arms.Select(a => a.Metrics.ClipScore?.After), 1, "0.0"),
                .. distances.Select(d => Mean(arms.Select(a => d.Of(a.Metrics).Value), d.Unit, d.Format)),
                Number(arms.Average(a => a.Seconds), "0.0"),
            ]);
        }

        page.Append('\n');
    }

    private static void Comparison(StringBuilder page, IReadOnlyList<StudiedConcept> concepts)
    {
        var (better, equal, worse, apart) = WorstRetention(concepts);
        // A win on a few concepts out of many does not count.
        var verdict = better > worse + apart ? "The improved edit beats plain CAD on worst retention at equal erasure" : "The improved edit does **not** beat plain CAD on worst retention at equal erasure";
        page.Append(Invariant($"{verdict}: better for {better} concepts, equal for {equal}, worse for {worse}; for {apart} it erased less than plain CAD, so that they cannot be compared.\n\n"));
    }

    private static void Faithfulness(StringBuilder page, IReadOnlyList<StudiedConcept> concepts)
    {
        page.Append("""
            ## Is the score faithful?

            Correlation of predicted with measured fall of J over random ablations; of one layer's rows ablated one by one (exact), and valued by COAR (arXiv
            2404.11534). The score is the gradient of J with the base prediction of the unedited model ("base kept"), so it should predict that figure. In
            "both move" the ablated weights make the base prediction too. With a base prompt near the concept, as for styles and nudity, both predictions
            move together, and the correlation can be low or negative however good the score is.


            """);
        Header(
            page, "concept", "n", "Pearson, base kept", "interval", "Spearman", "Pearson, both move", "interval", "Spearman", "exact rows, base kept / both move", "COAR, base kept / both move", "seeds, rank correlation");
        foreach (var concept in concepts.Where(c => c.Faithfulness is not null))
        {
            var (figures, faithful) = (concept.Faithfulness!.Random, concept.Faithfulness);
            Row(page,
                concept.Title,
                Invariant($"{figures.N}"),
                Number(figures.FixedBase, "0.00"),
                Range(figures.FixedBaseInterval, "0.00"),
                Number(figures.FixedBaseSpearman, "0.00"),
                Number(figures.Pearson, "0.00"),
                Range(figures.PearsonInterval, "0.00"),
                Number(figures.Spearman, "0.00"),
                $"{Number(faithful.Exact?.FixedBase, "0.00")} / {Number(faithful.Exact?.Pearson, "0.00")}",
                $"{Number(faithful.Coar?.FixedBase, "0.00")} / {Number(faithful.Coar?.Pearson, "0.00")}",
                Number(faithful.Stability, "0.00"));
        }

        page.Append('\n');
    }

    private static void RedTeam(StringBuilder page, IReadOnlyList<StudiedConcept> concepts)
    {
        var tested = concepts.SelectMany(c => c.Arms.Where(a => a.RedTeam is not null).Select(a => (Concept: c, Arm: a))).ToList();
        if (tested.Count == 0) return;
        var codes = ProbeCodes.All.Where(code => tested.Exists(t => t.Arm.RedTeam!.Probes.Any(p => p.Code == code))).ToList();
        page.Append("## Can the concept come back?\n\nDetection of the concept: edited model left alone, then under the probe at its strongest variant (interval, n). Every probe has images of its own; the row of the unedited model says in how many of them it shows the concept. The first rows are means over concepts.\n\n");
        Header(page, ["concept", "edit", .. codes]);
        Row(page, [Invariant($"all {tested.Select(t => t.Concept.Title).Distinct(StringComparer.Ordinal).Count()}"), "unedited", .. codes.Select(code =>
            Percent(tested.SelectMany(t => t.Arm.RedTeam!.Probes.Where(p => p.Code == code)).Average(p => p.Before.Rate)))]);
        foreach (var arms in tested.Select(t => t.Arm).GroupBy(a => a.Code, StringComparer.Ordinal).Select(g => g.ToList()))
        {
            Row(page, [Invariant($"all {arms.Count}"), arms[0].Name, .. codes.Select(code =>
            {
                var probes = arms.SelectMany(a => a.RedTeam!.Probes.Where(p => p.Code == code)).ToList();
                return probes.Count == 0 ? "-" : $"{Percent(probes.Average(p => p.Plain.Rate))} -> {Mean(probes.Select(p => (double?)p.After.Rate), 1, "0.# %")}";
            })]);
        }

        foreach (var (concept, arm) in tested)
        {
            Row(page, [concept.Title, arm.Name, .. codes.Select(code => arm.RedTeam!.Probes.FirstOrDefault(p => p.Code == code) is { } probe
                ? Invariant($"{Percent(probe.Plain.Rate)} -> {Percent(probe.After.Rate)} ({Range(probe.After.Interval, "0 %")}, {probe.After.N})")
                : "-")]);
        }

        page.Append('\n');
    }

    private static void Concept(StringBuilder page, StudiedConcept concept, string? sheet)
    {
        page.Append(Invariant($"## {concept.Title}\n\n"));
        page.Append(Invariant($"Prompts: {string.Join("; ", concept.Prompts.Select(p => $"\"{p}\""))}.\n\n"));
        var distances = Distances([concept]);
        var pairs = concept.Arms.Select(a => a.Specificity?.Backbone).FirstOrDefault(name => name is not null) ?? "distance";
        Header(page,
        [
            "model", "dose", "weights", "target after (n)", "interval", "mean retention (n)", "interval", "worst retention", "CLIP score", .. distances.Select(d => d.Name),
            $"same prompt without concept: {pairs}", "unchanged", "seconds",
        ]);
        foreach (var arm in concept.Arms)
        {
            var (target, kept) = (arm.Metrics.Target.Detection, arm.Metrics.Retention);
            Row(page,
            [
                arm.Name,
                arm.Dose is { } dose ? Percent(dose) : "-",
                Invariant($"{arm.Weights:N0}"),
                Invariant($"{Percent(target.After)} ({target.N})"),
                Range(target.AfterInterval, "0 %"),
                Invariant($"{Percent(kept.Mean)} ({kept.N})"),
                Range(kept.Interval, "0 %"),
                Percent(kept.Worst),
                With(arm.Metrics.ClipScore?.After, arm.Metrics.ClipScore?.AfterInterval, 1, "0.0"),
                .. distances.Select(d => With(d.Of(arm.Metrics).Value, d.Of(arm.Metrics).Interval, d.Unit, d.Format)),
                With(arm.Specificity?.Distance.Mean, arm.Specificity?.Distance.Interval, 1, "0.000"),
                arm.Specificity is { } specific ? Invariant($"{Percent(specific.Unchanged.Rate)} ({Range(specific.Unchanged.Interval, "0 %")}, {specific.N})") : "-",
                Number(arm.Seconds, "0.0"),
            ]);
        }

        if (sheet is not null) page.Append(Invariant($"\n![Rows: one per model of the table, target prompts first]({sheet})\n"));
        page.Append('\n');
    }

    private static double Drop(StudiedArm arm)
    {
        var target = arm.Metrics.Target.Detection;
        return target.Before > 0 ? (target.Before - target.After) / target.Before : 0;
    }

    private static StudiedArm? Find(StudiedConcept concept, string code) => concept.Arms.FirstOrDefault(a => a.Code == code);

    // The columns of distances, each named after its features, which are the same for all models of a study.
    private static IReadOnlyList<Distance> Distances(IReadOnlyList<StudiedConcept> concepts)
    {
        var metrics = concepts.SelectMany(c => c.Arms).Select(a => a.Metrics).ToList();
        var n = concepts.Count == 1 && metrics.Find(m => m.Fid is not null)?.Fid?.N is { } images ? Invariant($" (n = {images})") : "";
        Distance[] all = [new("FID", 1, "0.000", m => Fid(m.Fid)), new("KID", 1000, "0.00", m => Kid(m.Kid)), new("", 1, "0.000", m => Fid(m.SecondFid)), new("", 1000, "0.00", m => Kid(m.SecondKid))];
        return [.. all.Select(d => d with { Name = metrics.Select(m => d.Of(m).Name).FirstOrDefault(name => name is not null) ?? d.Name }).Where(d => d.Name.Length > 0)
            .Select(d => d.Unit == 1 ? d : d with { Name = $"{d.Name} x 1000{n}" })];

        static (string?, double?, Interval?) Fid(FidMetrics? fid) => (fid?.Backbone, fid?.Value, fid?.Interval);
        static (string?, double?, Interval?) Kid(KidMetrics? kid) => (kid?.Backbone, kid?.Value, kid?.Interval);
    }

    /// <summary>The mean of what is known with its bootstrap interval, both times <paramref name="unit"/>.</summary>
    private static string Mean(IEnumerable<double?> values, double unit, string format)
    {
        var known = values.OfType<double>().ToArray();
        if (known.Length == 0) return "-";
        var estimate = Intervals.BootstrapMean(known, seed: 0);
        return With(estimate.Value, new(estimate.Low, estimate.High), unit, format);
    }

    private static string With(double? value, Interval? interval, double unit, string format) => value is null || interval is null
        ? Number(value * unit, format)
        : $"{Number(value * unit, format)} ({Number(interval.Low * unit, format)} to {Number(interval.High * unit, format)})";

    private static void Header(StringBuilder page, params IReadOnlyList<string> cells)
    {
        Row(page, cells);
        Row(page, [.. cells.Select((_, i) => i == 0 ? "---" : "---:")]);
    }

    private static void Row(StringBuilder page, params IReadOnlyList<string> cells) => page.Append("| ").AppendJoin(" | ", cells).Append(" |\n");

    private static string Percent(double rate) => Invariant($"{rate * 100:0.#} %");

    // Rounded first: what is zero but for rounding shows no sign.
    private static string Number(double? value, string format) =>
        value is { } number ? (Math.Round(number, 6) + 0.0).ToString(format, CultureInfo.InvariantCulture) : "-";

    private static string Range(Interval? interval, string format) => interval is null
        ? "-"
        : Invariant($"{interval.Low.ToString(format, CultureInfo.InvariantCulture)} to {interval.High.ToString(format, CultureInfo.InvariantCulture)}");

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private sealed record Distance(string Name, double Unit, string Format, Func<MetricsSummary, (string? Name, double? Value, Interval? Interval)> Of);
}
