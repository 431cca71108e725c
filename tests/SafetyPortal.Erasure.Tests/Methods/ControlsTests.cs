using SafetyPortal.Erasure.Ablation;
using SafetyPortal.Erasure.Methods;
using static TorchSharp.torch;

namespace SafetyPortal.Erasure.Tests.Methods;

[Collection(nameof(Goldens))]
public sealed class ControlsTests(Goldens goldens)
{
    private const string Ff = "down_blocks.0.attentions.0.transformer_blocks.0.ff.net.2.weight";

    private static readonly AblationMask Edit = new(
        [new TensorMask(Ff, [16, 64], [.. Enumerable.Range(0, 100).Select(i => (long)i)]), new TensorMask("b", [4, 4], [])]);

    [Fact]
    public void RandomPlacebo_Like_TakesAsManyPerTensorAndRepeatsForASeed()
    {
        var placebo = RandomPlacebo.Like(Edit, seed: 3);

        placebo.Tensors.Select(t => t.Indices.Length).ShouldBe([100, 0]);
        placebo.Tensors[0].Indices.ShouldBeUnique();
        placebo.Tensors[0].Indices.ShouldBeInOrder();
        placebo.Tensors[0].Indices.ShouldAllBe(i => i >= 0 && i < 1024);
        RandomPlacebo.Like(Edit, 3).Tensors[0].Indices.ShouldBe(placebo.Tensors[0].Indices);
        RandomPlacebo.Like(Edit, 4).Tensors[0].Indices.ShouldNotBe(placebo.Tensors[0].Indices);
    }

    [Fact]
    public void RandomPlacebo_LikeEverything_TakesEverything()
    {
        var all = new AblationMask([new TensorMask("b", [2, 3], [0, 1, 2, 3, 4, 5])]);

        RandomPlacebo.Like(all, 1).Tensors[0].Indices.ShouldBe([0, 1, 2, 3, 4, 5]);
    }

    [Fact]
    public void LargestWeights_Like_TakesTheLargestByMagnitude()
    {
        var chosen = LargestWeights.Like(goldens.Pipeline.Unet, new AblationMask([Edit.Tensors[0]])).Tensors[0].Indices;

        using var scope = NewDisposeScope();
        var magnitudes = goldens.Pipeline.Unet.get_parameter(Ff)!.detach().abs().flatten().data<float>().ToArray();
        var left = magnitudes.Where((_, i) => !chosen.Contains(i)).Max();
        chosen.Length.ShouldBe(100);
        chosen.Min(i => magnitudes[i]).ShouldBeGreaterThanOrEqualTo(left);
    }
}
