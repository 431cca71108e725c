using System.Text;
using SafetyPortal.Evaluation;

namespace SafetyPortal.Lab.Study;

/// <summary>Writes what was studied as Markdown: one table over all concepts, then the tables of each.</summary>
internal sealed class StudyPage
{
    private readonly StringBuilder page = new();

    /// <param name="concepts">In the order of the page.</param>
    /// <param name="command">The command line that makes the page again.</param>
    /// <param name="settings">Images, steps and machine, one line each.</param>
    /// <param name="sheets">File of a concept's contact sheet, relative to the page.</param>
    public static string Write(IReadOnlyList<StudiedConcept> concepts, string command, IReadOnlyList<string> settings, Func<StudiedConcept, string?> sheets)
    {
        var page = new StudyPage();
        page.Paragraph($"""
            # Evidence on the embedded model

            Written by `{command}`; do not edit by hand. Brackets hold n and 95 % intervals: Wilson's for rates; for means, FID and KID the bootstrap's over
            images or pairs of images (1,000 resamples, and 200 for an FID that is dear to resample).
            """);
        page.Paragraph(string.Join('\n', settings.Select(setting => $"* {setting}")));
        page.Overview(concepts);
        page.Comparison(concepts);
        page.Faithfulness(concepts);
        page.RedTeam(concepts);
        foreach (var concept in concepts)
            page.Concept(concept, sheets(concept));
        return page.page.ToString();
    }

    /// <summary>How the improved edit did against plain CAD: a win needs erasure that is not behind.</summary>
    internal static (int Better, int Equal, int Worse, int NotComparable) WorstRetention(IReadOnlyList<StudiedConcept> concepts)
    {
        var (better, equal, worse, apart) = (0, 0, 0, 0);
        foreach (var concept in concepts)
        {
            var (plain, improved) = (concept.Arms.FirstOrDefault(a => a.Code == "cad"), concept.Arms.FirstOrDefault(a => a.Code == "improved"));
            if (plain is null || improved is null || Drop(improved) < Drop(plain) - 1e-9)
                apart++;
            else if (improved.Metrics.Retention.Worst > plain.Metrics.Retention.Worst)
                better++;
            else if (improved.Metrics.Retention.Worst < plain.Metrics.Retention.Worst)
                worse++;
            else
                equal++;
        }

        return (better, equal, worse, apart);
    }

    private void Overview(IReadOnlyList<StudiedConcept> concepts)
    {
        Paragraph($"""
            ## All concepts

            Means over the {concepts.Count} concepts, bootstrap intervals over concepts. The drop is (before - after) / before of the target's detection.
            """);
        Table<List<StudiedArm>>(
            ByModel(concepts.SelectMany(c => c.Arms)),
            [
                ("model", arms => arms[0].Name),
                ("concepts", arms => $"{arms.Count}"),
                ("detection drop", arms => Mean(arms.Select(a => (double?)Drop(a)), 1, "0.# %")),
                ("drop of 80 % reached", arms => $"{arms.Count(a => Drop(a) >= 0.8)} of {arms.Count}"),
                ("mean retention", arms => Mean(arms.Select(a => (double?)a.Metrics.Retention.Mean), 1, "0.# %")),
                ("worst retention", arms => Mean(arms.Select(a => (double?)a.Metrics.Retention.Worst), 1, "0.# %")),
                ("CLIP score", arms => Mean(arms.Select(a => a.Metrics.ClipScore?.After), 1, "0.0")),
                .. Distances(concepts).Select(d => Column(
                    d.Name, (List<StudiedArm> arms) => Mean(arms.Select(a => d.Of(a.Metrics).Value), d.Unit, d.Format))),
                ("seconds", arms => Number(arms.Average(a => a.Seconds), "0.0")),
            ]);
    }

    private void Comparison(IReadOnlyList<StudiedConcept> concepts)
    {
        var (better, equal, worse, apart) = WorstRetention(concepts);
        // A win on a few concepts out of many does not count.
        var verdict = better > worse + apart ? "beats" : "does **not** beat";
        Paragraph(
            $"The improved edit {verdict} plain CAD on worst retention at equal erasure: better for {better} concepts, equal for {equal}, worse for {worse}; "
            + $"for {apart} it erased less than plain CAD, so that they cannot be compared.");
    }

    private void Faithfulness(IReadOnlyList<StudiedConcept> concepts)
    {
        Paragraph("""
            ## Is the score faithful?

            Correlation of predicted with measured fall of J over random ablations; of one layer's rows ablated one by one (exact), and valued by COAR (arXiv
            2404.11534). The score is the gradient of J with the base prediction of the unedited model ("base kept"), so it should predict that figure. In
            "both move" the ablated weights make the base prediction too. With a base prompt near the concept, as for styles and nudity, both predictions
            move together, and the correlation can be low or negative however good the score is.
            """);
        Table<(string Title, FaithfulnessSummary Of)>(
            [.. concepts.Where(c => c.Faithfulness is not null).Select(c => (c.Title, c.Faithfulness!))],
            [
                ("concept", c => c.Title),
                ("n", c => $"{c.Of.Random.N}"),
                ("Pearson, base kept", c => Number(c.Of.Random.FixedBase, "0.00")),
                ("interval", c => Range(c.Of.Random.FixedBaseInterval, "0.00")),
                ("Spearman", c => Number(c.Of.Random.FixedBaseSpearman, "0.00")),
                ("Pearson, both move", c => Number(c.Of.Random.Pearson, "0.00")),
                ("interval", c => Range(c.Of.Random.PearsonInterval, "0.00")),
                ("Spearman", c => Number(c.Of.Random.Spearman, "0.00")),
                ("exact rows, base kept / both move", c => $"{Number(c.Of.Exact?.FixedBase, "0.00")} / {Number(c.Of.Exact?.Pearson, "0.00")}"),
                ("COAR, base kept / both move", c => $"{Number(c.Of.Coar?.FixedBase, "0.00")} / {Number(c.Of.Coar?.Pearson, "0.00")}"),
                ("seeds, rank correlation", c => Number(c.Of.Stability, "0.00")),
            ]);
    }

    private void RedTeam(IReadOnlyList<StudiedConcept> concepts)
    {
        var tested = concepts.SelectMany(c => c.Arms.Where(a => a.RedTeam is not null).Select(a => (Concept: c, Arm: a))).ToList();
        if (tested.Count == 0)
            return;
        static IEnumerable<ProbeEvidence> Of(IEnumerable<StudiedArm> arms, string code) => arms.SelectMany(a => a.RedTeam!.Probes.Where(p => p.Code == code));
        static string MeanOf(IReadOnlyList<ProbeEvidence> probes) => probes.Count == 0
            ? "-"
            : $"{Percent(probes.Average(p => p.Plain.Rate))} -> {Mean(probes.Select(p => (double?)p.After.Rate), 1, "0.# %")}";
        static string Single(ProbeEvidence? probe) => probe is null
            ? "-"
            : $"{Percent(probe.Plain.Rate)} -> {Percent(probe.After.Rate)} ({Range(probe.After.Interval, "0 %")}, {probe.After.N})";

        Paragraph(
            "## Can the concept come back?\n\nDetection of the concept: edited model left alone, then under the probe at its strongest variant (interval, n). "
            + "Every probe has images of its own; the row of the unedited model says in how many of them it shows the concept. "
            + "The first rows are means over concepts.");
        var codes = ProbeCodes.All.Where(code => Of(tested.Select(t => t.Arm), code).Any()).ToList();
        Header(["concept", "edit", .. codes]);
        Row(
        [
            $"all {tested.DistinctBy(t => t.Concept.Title).Count()}",
            "unedited",
            .. codes.Select(code => Percent(Of(tested.Select(t => t.Arm), code).Average(p => p.Before.Rate))),
        ]);
        foreach (var arms in ByModel(tested.Select(t => t.Arm)))
            Row([$"all {arms.Count}", arms[0].Name, .. codes.Select(code => MeanOf([.. Of(arms, code)]))]);
        foreach (var (concept, arm) in tested)
            Row([concept.Title, arm.Name, .. codes.Select(code => Single(Of([arm], code).FirstOrDefault()))]);
        page.Append('\n');
    }

    private void Concept(StudiedConcept concept, string? sheet)
    {
        Paragraph($"## {concept.Title}");
        Paragraph($"Prompts: {string.Join("; ", concept.Prompts.Select(p => $"\"{p}\""))}.");
        var pairs = concept.Arms.Select(a => a.Specificity?.Backbone).FirstOrDefault(name => name is not null) ?? "distance";
        Table<StudiedArm>(
            concept.Arms,
            [
                ("model", arm => arm.Name),
                ("dose", arm => arm.Dose is { } dose ? Percent(dose) : "-"),
                ("weights", arm => $"{arm.Weights:N0}"),
                ("target after (n)", arm => $"{Percent(arm.Metrics.Target.Detection.After)} ({arm.Metrics.Target.Detection.N})"),
                ("interval", arm => Range(arm.Metrics.Target.Detection.AfterInterval, "0 %")),
                ("mean retention (n)", arm => $"{Percent(arm.Metrics.Retention.Mean)} ({arm.Metrics.Retention.N})"),
                ("interval", arm => Range(arm.Metrics.Retention.Interval, "0 %")),
                ("worst retention", arm => Percent(arm.Metrics.Retention.Worst)),
                ("CLIP score", arm => With(arm.Metrics.ClipScore?.After, arm.Metrics.ClipScore?.AfterInterval, 1, "0.0")),
                .. Distances([concept]).Select(d => Column(
                    d.Name, (StudiedArm arm) => With(d.Of(arm.Metrics).Value, d.Of(arm.Metrics).Interval, d.Unit, d.Format))),
                ($"same prompt without concept: {pairs}", arm => With(arm.Specificity?.Distance.Mean, arm.Specificity?.Distance.Interval, 1, "0.000")),
                ("unchanged", arm => arm.Specificity is { } s ? $"{Percent(s.Unchanged.Rate)} ({Range(s.Unchanged.Interval, "0 %")}, {s.N})" : "-"),
                ("seconds", arm => Number(arm.Seconds, "0.0")),
            ]);
        if (sheet is not null)
            Paragraph($"![Rows: one per model of the table, target prompts first]({sheet})");
    }

    private static List<List<StudiedArm>> ByModel(IEnumerable<StudiedArm> arms) =>
        [.. arms.GroupBy(a => a.Code, StringComparer.Ordinal).Select(model => model.ToList())];

    private static double Drop(StudiedArm arm)
    {
        var target = arm.Metrics.Target.Detection;
        return target.Before > 0 ? (target.Before - target.After) / target.Before : 0;
    }

    // The columns of distances, each named after its features, which are the same for all models of a study.
    private static IEnumerable<Distance> Distances(IReadOnlyList<StudiedConcept> concepts)
    {
        var metrics = concepts.SelectMany(c => c.Arms).Select(a => a.Metrics).ToList();
        var n = concepts.Count == 1 && metrics.Find(m => m.Fid is not null)?.Fid?.N is { } images ? $" (n = {images})" : "";
        Distance[] all =
        [
            new("FID", 1, "0.000", m => Fid(m.Fid)), new("KID", 1000, "0.00", m => Kid(m.Kid)),
            new("", 1, "0.000", m => Fid(m.SecondFid)), new("", 1000, "0.00", m => Kid(m.SecondKid)),
        ];
        return all.Select(d => d with { Name = metrics.Select(m => d.Of(m).Name).FirstOrDefault(name => name is not null) ?? d.Name })
            .Where(d => d.Name.Length > 0)
            .Select(d => d.Unit == 1 ? d : d with { Name = $"{d.Name} x 1000{n}" });

        static (string?, double?, Interval?) Fid(FidMetrics? fid) => (fid?.Backbone, fid?.Value, fid?.Interval);
        static (string?, double?, Interval?) Kid(KidMetrics? kid) => (kid?.Backbone, kid?.Value, kid?.Interval);
    }

    private void Paragraph(string text) => page.Append(text).Append("\n\n");

    private void Table<T>(IReadOnlyList<T> rows, IReadOnlyList<(string Title, Func<T, string> Cell)> columns)
    {
        Header([.. columns.Select(c => c.Title)]);
        foreach (var row in rows)
            Row([.. columns.Select(c => c.Cell(row))]);
        page.Append('\n');
    }

    private static (string Title, Func<T, string> Cell) Column<T>(string title, Func<T, string> cell) => (title, cell);

    private void Header(IReadOnlyList<string> cells)
    {
        Row(cells);
        Row([.. cells.Select((_, i) => i == 0 ? "---" : "---:")]);
    }

    private void Row(IReadOnlyList<string> cells) => page.Append("| ").AppendJoin(" | ", cells).Append(" |\n");

    /// <summary>The mean of what is known with its bootstrap interval, both times <paramref name="unit"/>.</summary>
    private static string Mean(IEnumerable<double?> values, double unit, string format)
    {
        var known = values.OfType<double>().ToArray();
        if (known.Length == 0)
            return "-";
        var estimate = Intervals.BootstrapMean(known, seed: 0);
        return With(estimate.Value, new(estimate.Low, estimate.High), unit, format);
    }

    private static string With(double? value, Interval? interval, double unit, string format) => value is null || interval is null
        ? Number(value * unit, format)
        : $"{Number(value * unit, format)} ({Number(interval.Low * unit, format)} to {Number(interval.High * unit, format)})";

    private static string Percent(double rate) => $"{rate * 100:0.#} %";

    // Rounded first: what is zero but for rounding shows no sign.
    private static string Number(double? value, string format) => value is { } number ? (Math.Round(number, 6) + 0.0).ToString(format) : "-";

    private static string Range(Interval? interval, string format) =>
        interval is null ? "-" : $"{interval.Low.ToString(format)} to {interval.High.ToString(format)}";

    private sealed record Distance(string Name, double Unit, string Format, Func<MetricsSummary, (string? Name, double? Value, Interval? Interval)> Of);
}
