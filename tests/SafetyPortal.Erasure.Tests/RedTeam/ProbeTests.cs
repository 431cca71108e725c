using SafetyPortal.Erasure.Ablation;
using SafetyPortal.Erasure.Attribution;
using SafetyPortal.Erasure.Methods;
using SafetyPortal.Erasure.RedTeam;
using SafetyPortal.Erasure.RedTeam.Probes;
using SafetyPortal.Images;

namespace SafetyPortal.Erasure.Tests.RedTeam;

/// <summary>Every probe on the tiny model: what it leaves behind, what it spends and what it reports. Rates mean nothing on random weights.</summary>
[Collection(nameof(Goldens))]
public sealed class ProbeTests(Goldens goldens)
{
    private static readonly ProbeSettings Tiny = new()
    {
        Images = 3,
        Steps = 2,
        BatchSize = 2,
        Paraphrases = 2,
        CompletionShares = [0.5],
        NoiseEtas = [1.5],
        NoiseScales = [1.04],
        Examples = 2,
        InversionSteps = 2,
        PrefixTokens = 2,
        PrefixSteps = 1,
        PrefixCandidates = 2,
        RelearningSteps = 2,
        RelearningInterval = 1,
        RevivalIterations = 2,
        AmplificationDoses = [0.05],
        AmplificationSteps = 2,
    };

    public static TheoryData<string> Codes => new(ProbeCatalogue.All.Select(p => p.Code));

    [Theory]
    [MemberData(nameof(Codes))]
    public void Run_AnyProbe_LeavesTheWeightsBitForBitAndKeepsToItsLimit(string code)
    {
        var unet = goldens.Pipeline.Unet;
        var digest = WeightsDigest.Of(unet);
        var flags = unet.parameters().Select(p => p.requires_grad).ToList();
        var reports = new List<ProbeProgress>();
        var probe = ProbeCatalogue.Named([code]).ShouldHaveSingleItem();
        using var subject = Subject();
        var limit = probe.Limit(subject.Size);

        var outcome = probe.Run(subject, new Collector<ProbeProgress>(reports));

        WeightsDigest.Of(unet).ShouldBe(digest);
        unet.parameters().Select(p => p.requires_grad).ShouldBe(flags);
        unet.parameters().ShouldAllBe(p => object.Equals(p.grad, null));
        outcome.Spent.ShouldBe(limit);
        reports[^1].Calls.ShouldBe(limit.Calls);
        reports.ShouldAllBe(r => r.Code == code && r.Calls <= r.Limit);
        outcome.Before.Count.ShouldBe(outcome.After.Count);
        outcome.Before.Count.ShouldBe(outcome.Plain.Count);
        outcome.Variants.ShouldContain(v => !v.IsControl);
        outcome.Sheet.ShouldAllBe(row => row.Images.Count == outcome.Sheet[0].Images.Count);
    }

    [Theory]
    [InlineData("relearning")]
    [InlineData("revival")]
    [InlineData("amplification")]
    public void Run_CancelledWhileTheWeightsAreChanged_PutsThemBack(string code)
    {
        var digest = WeightsDigest.Of(goldens.Pipeline.Unet);
        using var cancellation = new CancellationTokenSource();
        using var subject = Subject(cancellation.Token);
        var probe = ProbeCatalogue.Named([code])[0];

        Should.Throw<OperationCanceledException>(() => probe.Run(subject, new Collector<ProbeProgress>([], cancellation.Cancel)));

        WeightsDigest.Of(goldens.Pipeline.Unet).ShouldBe(digest);
    }

    [Fact]
    public void Regained_ByTheStepsItTook_IsZeroWhereTheEditLeftHalf()
    {
        bool[] before = [true, true, true, false];
        RelearningProbe.Regained(before, [(0, [true, true, false, false]), (5, [true, true, true, true])]).ShouldBe(0);
        RelearningProbe.Regained(before, [(0, [true, false, false, false]), (5, [false, true, true, false])]).ShouldBe(5);
        RelearningProbe.Regained(before, [(0, [false, false, false, false]), (5, [true, false, false, false])]).ShouldBeNull();
        RelearningProbe.Regained([false, false], [(0, [false, false])]).ShouldBeNull();
    }

    [Fact]
    public void Complete_Cancelled_EndsBetweenDecompositions()
    {
        using var scope = TorchSharp.torch.NewDisposeScope();
        using var cancellation = new CancellationTokenSource();
        cancellation.Cancel();
        var matrix = TorchSharp.torch.ones(4, 3);

        Should.Throw<OperationCanceledException>(() => LowRankCompletion.Complete(matrix, matrix.gt(2), 5, cancellation.Token));
    }

    [Fact]
    public void Run_SameSeedTwice_FindsTheSamePrefix()
    {
        var probe = ProbeCatalogue.Named(["prefix-search"])[0];
        using var first = Subject();
        using var second = Subject();

        var (a, b) = (probe.Run(first), probe.Run(second));

        a.Variants.Select(v => v.Name).ShouldBe(b.Variants.Select(v => v.Name));
        a.Figures.ShouldBe(b.Figures);
        a.Figures[1].Value.ShouldNotBeNull().ShouldBeLessThanOrEqualTo(a.Figures[0].Value.ShouldNotBeNull());
    }

    [Fact]
    public void Named_UnknownProbe_ListsTheKnownOnes() =>
        Should.Throw<ArgumentException>(() => ProbeCatalogue.Named(["hypnosis"])).Message.ShouldContain("relearning");

    [Theory]
    [InlineData(double.NaN, 1e-4)]
    [InlineData(0.04, double.PositiveInfinity)]
    [InlineData(0, 1e-4)]
    public void Subject_LearningRateThatIsNone_IsRefused(double inversion, double relearning)
    {
        var settings = Tiny with { InversionRate = inversion, RelearningRate = relearning };
        Should.Throw<ArgumentException>(() => new ProbeSubject(goldens.Pipeline, Patch(), new ProbedConcept([new("a", 1)], [], []), settings, Bright))
            .Message.ShouldContain("Expected learning rates above 0");
    }

    [Fact]
    public void Subject_WithoutPrompts_IsRefused() =>
        Should.Throw<ArgumentException>(() => new ProbeSubject(goldens.Pipeline, Patch(), new ProbedConcept([], [], []), Tiny, Bright));

    private ProbeSubject Subject(CancellationToken cancellation = default) => new(
        goldens.Pipeline,
        Patch(),
        new ProbedConcept(
            [new("a photo of a parachute", 1), new("a drawing of a parachute", 2), new("a parachute in the sky", 3)],
            [new("parachute", 4), new("the parachute", 5)],
            ["parachute"]),
        Tiny,
        Bright,
        cancellation);

    // A real edit of 1 % of the weights.
    private AblationPatch Patch()
    {
        using var scores = ComponentAttribution.Run(
            goldens.Pipeline, new AttributionSettings { Prompts = [new PromptPair("a photo of a parachute")], Steps = 1, Seeds = [0] });
        var settings = new AblationSettings(0.01);
        return PatchBuilder.FromMask(goldens.Pipeline.Unet, RandomPlacebo.Like(MaskSelection.From(scores.Scores, settings), 7), settings);
    }

    internal static IReadOnlyList<bool> Bright(IReadOnlyList<Raster> images) => [.. images.Select(i => i.Pixels.Average(p => (double)p) > 127)];
}
