using SafetyPortal.Diffusion.Unet;
using SafetyPortal.Erasure.Ablation;
using static TorchSharp.torch;

namespace SafetyPortal.Erasure.Tests.Ablation;

[Collection(nameof(Goldens))]
public sealed class MaskSelectionTests(Goldens goldens)
{
    public static TheoryData<AblationMode, AblationScope, double> EraseMasks()
    {
        var data = new TheoryData<AblationMode, AblationScope, double>();
        foreach (var mode in Enum.GetValues<AblationMode>())
        {
            data.Add(mode, AblationScope.Row, 0.01);
            data.Add(mode, AblationScope.Row, 0.1);
            data.Add(mode, AblationScope.Tensor, 0.003);
            data.Add(mode, AblationScope.Tensor, 0.01);
            data.Add(mode, AblationScope.Tensor, 0.1);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(EraseMasks))]
    public void From_ReferenceGradients_GivesTheReferenceMaskAndPrediction(AblationMode mode, AblationScope over, double ratio)
    {
        using var scope = NewDisposeScope();
        var unet = goldens.Pipeline.Unet;
        var key = FormattableString.Invariant(
            $"erase.{mode.ToString().ToLowerInvariant()}.{(over == AblationScope.Row ? "row" : "flat")}.{ratio}");
        var settings = new AblationSettings(ratio, over, mode);

        var mask = MaskSelection.From(Scores(unet, "erase.grad."), settings);

        var expected = goldens.MaskIndices(key);
        foreach (var tensor in mask.Tensors) tensor.Indices.ShouldBe(expected[tensor.Name], $"{key} {tensor.Name}");
        mask.Count.ShouldBe(expected.Values.Sum(i => (long)i.Length));

        using var applied = AppliedPatch.Apply(unet, PatchBuilder.FromMask(unet, mask, settings));
        using var frozen = no_grad();
        var eps = unet.call(goldens.Read("ablate.sample"), goldens.Read("ablate.timestep"), goldens.Read("erase.text_embeddings").narrow(0, 0, 1));
        Goldens.MaxError(eps, goldens.Read("ablated_eps." + key)).ShouldBeLessThan(1e-4);
    }

    [Theory]
    [InlineData(AblationMode.Positive)]
    [InlineData(AblationMode.Negative)]
    public void From_AmplifyGradients_GivesTheReferenceMask(AblationMode mode)
    {
        using var scope = NewDisposeScope();
        var key = $"amplify.{mode.ToString().ToLowerInvariant()}.row.0.1";
        var expected = goldens.MaskIndices(key);
        var names = goldens.Names("amplify.grad.").Where(n => n.Contains("ff", StringComparison.Ordinal)).Select(n => n["amplify.grad.".Length..]).ToList();
        names.Count.ShouldBe(4);

        var weights = goldens.Pipeline.Unet.named_parameters().ToDictionary(p => p.name, p => p.parameter, StringComparer.Ordinal);
        var mask = MaskSelection.From(
            names.Select(n => (n, weights[n].detach() * goldens.Read("amplify.grad." + n))).ToList(), new AblationSettings(0.1, AblationScope.Row, mode));

        foreach (var tensor in mask.Tensors) tensor.Indices.ShouldBe(expected[tensor.Name]);
    }

    [Fact]
    public void From_ModelScope_TakesTheTopOfAllTensorsTogether()
    {
        using var scope = NewDisposeScope();
        var low = tensor(new float[] { 1, 2, 3, 4 }, [2, 2]);
        var high = tensor(new float[] { 10, 20, -5, 30 }, [2, 2]);

        var mask = MaskSelection.From([("low", low), ("high", high)], new AblationSettings(0.5, AblationScope.Model));

        mask.Tensors[0].Indices.ShouldBe([3]);
        mask.Tensors[1].Indices.ShouldBe([0, 1, 3]);
    }

    [Fact]
    public void From_PositiveMode_NeverTakesNegativeScores()
    {
        using var scope = NewDisposeScope();
        var mask = MaskSelection.From([("w", tensor(new float[] { -1, -2, 3, -4 }, [1, 4]))], new AblationSettings(0.75));

        mask.Tensors[0].Indices.ShouldBe([2]);
    }

    // The public code makes one stable sort from the largest down and takes from its ends: of equal scores the first go from the top, the last from the bottom.
    [Theory]
    [InlineData(AblationMode.Positive, new long[] { 1, 0 })]
    [InlineData(AblationMode.Negative, new long[] { 4, 7 })]
    [InlineData(AblationMode.Both, new long[] { 1, 0, 4, 7 })]
    public void From_EqualScoresAtTheBoundary_TakesThoseOfAStableSort(AblationMode mode, long[] expected)
    {
        using var scope = NewDisposeScope();
        var mask = MaskSelection.From([("w", tensor(new float[] { 0, 2, 0, 0, -1, 0, 0, 0 }, [2, 4]))], new AblationSettings(0.25, AblationScope.Tensor, mode));

        mask.Tensors[0].Indices.ShouldBe(expected.Order());
    }

    [Theory]
    [InlineData(AblationScope.Row)]
    [InlineData(AblationScope.Tensor)]
    [InlineData(AblationScope.Model)]
    public void From_FewDistinctScores_IsTheEndsOfTheStableSort(AblationScope over)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(7);
        var score = randint(-3, 4, [40, 50], dtype: ScalarType.Float32, generator: generator);
        var rows = over == AblationScope.Row ? score : score.reshape(1, -1);
        var count = (int)(0.3 * rows.size(1));
        var order = rows.sort(1, descending: true, stable: true).Indices;
        var expected = zeros(rows.shape, dtype: ScalarType.Bool).scatter(1, order.narrow(1, 0, count), ones(rows.size(0), count, dtype: ScalarType.Bool))
            .scatter(1, order.narrow(1, order.size(1) - count, count), ones(rows.size(0), count, dtype: ScalarType.Bool));

        var mask = MaskSelection.From([("w", score)], new AblationSettings(0.3, over, AblationMode.Both));

        mask.Tensors[0].Indices.ShouldBe(expected.reshape(-1).nonzero().reshape(-1).data<long>().ToArray());
    }

    [Fact]
    public void From_ScoreThatIsNoNumber_IsRefusedWithTheNameOfItsTensor()
    {
        using var scope = NewDisposeScope();
        Should.Throw<ArgumentException>(() => MaskSelection.From([("w", tensor(new[] { 1, float.NaN }, [1, 2]))], new AblationSettings(0.5))).Message.ShouldContain("w holds NaN");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-0.1)]
    [InlineData(1.5)]
    [InlineData(double.NaN)]
    public void From_RatioOutOfRange_Throws(double ratio) =>
        Should.Throw<ArgumentException>(() => MaskSelection.From([], new AblationSettings(ratio))).Message.ShouldContain("ratio");

    private List<(string Name, Tensor Score)> Scores(UNet2DConditionModel unet, string prefix)
    {
        var weights = unet.named_parameters().ToDictionary(p => p.name, p => p.parameter, StringComparer.Ordinal);
        return goldens.FeedForwardOrder.Select(n => (n, weights[n].detach() * goldens.Read(prefix + n))).ToList();
    }
}
