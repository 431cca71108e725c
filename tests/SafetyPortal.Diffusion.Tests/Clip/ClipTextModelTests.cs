using SafetyPortal.Diffusion.Clip;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Tests.Clip;

public sealed class ClipTextModelTests
{
    private static readonly ClipTextConfig Small = new() { VocabSize = 40, HiddenSize = 8, IntermediateSize = 16, Layers = 1, Heads = 2, MaxPositions = 4 };

    // The published configurations hold 2 by a slip. It means the largest id, which closes the text and also pads it.
    [Theory]
    [InlineData(2)]
    [InlineData(39)]
    public void Pool_PaddedTexts_TakesTheRowOfTheFirstEndToken(int eos)
    {
        using var scope = NewDisposeScope();
        using var model = new ClipTextModel(Small with { EosTokenId = eos });
        var hidden = randn(2, 4, 8);

        var pooled = model.Pool(hidden, tensor(new long[] { 38, 5, 39, 39, 38, 39, 39, 39 }).reshape(2, 4));

        pooled.ShouldMatch(stack([hidden[0, 2], hidden[1, 1]]), 0, "pooled");
    }

    [Fact]
    public void Forward_IdsOutsideTheVocabulary_AreNamed()
    {
        using var scope = NewDisposeScope();
        using var model = new ClipTextModel(Small);

        Should.Throw<ArgumentException>(() => model.call(tensor([1L, 40L]).unsqueeze(0))).Message.ShouldContain("Expected token ids from 0 to 39, got 1 to 40");
        Should.Throw<ArgumentException>(() => model.call(zeros(1, 5, dtype: ScalarType.Int64))).Message.ShouldContain("with T up to 4, got [1, 5]");
    }
}
