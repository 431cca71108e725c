using SafetyPortal.Erasure.Ablation;
using static TorchSharp.torch;

namespace SafetyPortal.Erasure.Tests.Ablation;

public sealed class MaskSelectionTests
{
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
        Should.Throw<ArgumentException>(() => MaskSelection.From([("w", tensor(new[] { 1, float.NaN }, [1, 2]))], new AblationSettings(0.5)))
            .Message.ShouldContain("w holds NaN");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-0.1)]
    [InlineData(1.5)]
    [InlineData(double.NaN)]
    public void From_RatioOutOfRange_Throws(double ratio) =>
        Should.Throw<ArgumentException>(() => MaskSelection.From([], new AblationSettings(ratio))).Message.ShouldContain("ratio");
}
