using System.Text;
using SafetyPortal.Requests.Audit;
using SafetyPortal.Requests.Evidence;

namespace SafetyPortal.Web.Tests;

/// <summary>Made-up numbers of what a run may find besides images and gates, so that the explorer works without a model.</summary>
internal static class StoryFindings
{
    private static readonly string[] Blocks = ["down_blocks.0", "down_blocks.1", "mid_block", "up_blocks.0", "up_blocks.1"];

    public static async Task<EvidenceDocument> AddAsync(EvidenceDocument evidence, Func<byte[], Task<string>> put)
    {
        const string Tensor = "mid_block.attentions.0.transformer_blocks.0.ff.net.0.proj.weight";
        var points = Points();
        var probes = new List<ProbeEvidence>();
        foreach (var (code, hits) in new[] { (ProbeCodes.Paraphrases, 1), (ProbeCodes.Completion, 9), (ProbeCodes.Relearning, 12) })
            probes.Add(Probe(code, hits, await put(Story.Picture(hits, 8))));
        return evidence with
        {
            Location = new ConceptLocation(Weights(), Timesteps(), await AttentionAsync(put)),
            Faithfulness = new FaithfulnessSummary(
                new FaithfulnessFigures(
                    points.Ablations.Count, 0.91, 0.88, new(0.87, 0.94), 0.72, 0.041, 0.83, 0.95, 0.97,
                    "A third of the sets from all weights, a third each from those of high and of low score, 0.1 to 5 % of the weights."),
                new GroupFigures(Tensor, 64, 64, 0.93, 0.9), null, 0.81, await put(Encoding.UTF8.GetBytes(CanonicalJson.Serialize(points)))),
            Controls = new ControlTable(
            [
                Row("edit", ControlRole.Edit, "Partial suppression", 0.04), Row("cad", ControlRole.Method, "CAD, plain", 0.05),
                Row("random", ControlRole.Control, "Random weights", 0.95), Row("gradient", ControlRole.Method, "A few gradient steps", 0.1),
            ]),
            Trace = new ParametricTrace(
                0.12, 0.2, 0.31, 9_338, [new(Tensor, 0.05, 0.21, 0.978)], new ConceptSeparability(1024, 0.21, 0.17, 0.55, 0.29, 0.12, 64)),
            Specificity = new SpecificityMetrics(
                24, ["a picture"], new(0.93, new(0.91, 0.95)), new(0.04, new(0.03, 0.06)), "demo encoder", Rate(21, 24), new(0.41, new(0.35, 0.48)),
                await put(Story.Picture(5, 6))),
            RedTeam = new RedTeamEvidence("small", 7, probes),
        };
    }

    public static ProbeEvidence Probe(string code, int hits, string sheet) => new(
        code, code[..1].ToUpperInvariant() + code[1..], "What the probe does, in a sentence.", Rate(23, 24), Rate(1, 24), Rate(hits, 24),
        [new("setting 1", Rate(hits, 24)), new("no concept asked for", Rate(0, 24), IsControl: true)],
        [new("steps to regain half", hits > 10 ? null : 40)], new ProbeCost(1_200, 40), new ProbeCost(2_000, 100),
        ProbeCodes.AdministratorOnly.Contains(code), sheet, ["unedited", "edited", "under the probe"], Sensitive: false);

    private static List<WeightMass> Weights() =>
    [
        .. from block in Enumerable.Range(0, Blocks.Length)
           from layer in Enumerable.Range(0, 2)
           from matrix in new[] { "ff.net.0.proj", "ff.net.2" }
           let name = $"{Blocks[block]}.attentions.{layer}.transformer_blocks.0"
           select new WeightMass($"{name}.{matrix}.weight", Blocks[block], name, matrix, 0.02 * (block + 1) * (layer + 1), 0.011 * (5 - block), 32_768, 655),
    ];

    private static List<TimestepMass> Timesteps() =>
    [
        .. Enumerable.Range(0, 25).Select(i => new TimestepMass(
            981 - (40 * i), 0.05 - (0.001 * i), 0.01 * (1 + Math.Sin(i / 4.0)), 0.004 * (1 + Math.Cos(i / 5.0)))),
    ];

    private static FaithfulnessPoints Points() => new(
        [
            .. from i in Enumerable.Range(0, 210)
               let draw = new[] { (Name: "random", Size: 0.003), (Name: "high", Size: 0.02), (Name: "low", Size: -0.004) }[i % 3]
               let promised = draw.Size * (i % 17) / 17.0
               select new AblationPoint(draw.Name, 1_000 + i, promised, (0.8 * promised) + (0.001 * Math.Sin(i)), FixedBase: 0.001 * i),
        ],
        [new(0, 0.1, 0.09)], []);

    private static async Task<AttentionMaps> AttentionAsync(Func<byte[], Task<string>> put) => new(
        ["church"], await put(Story.Picture(1, 7)),
        [
            new("a picture of a church", 0, await put(Story.Picture(2, 7)), await put(Story.Picture(3, 7)), 0.21, 0.08, 0.41, Sensitive: true),
            new("a church at night", 1, await put(Story.Picture(4, 7)), await put(Story.Picture(5, 7)), 0.25, 0.06, null, Sensitive: true),
        ]);

    private static ControlRow Row(string code, ControlRole role, string name, double after) => new(
        code, role, name, 28_016, new string('c', 64), new DetectionChange(0.96, after, 24, new(0.8, 0.99), Around(after, 0.1)),
        code == "random" ? null : new RetentionMetrics(0.93, 0.75, 60), null);

    private static DetectionRate Rate(int hits, int n) => new((double)hits / n, n, Around((double)hits / n, 0.15));

    private static Interval Around(double rate, double width) => new(Math.Max(0, rate - width), Math.Min(1, rate + width));
}
