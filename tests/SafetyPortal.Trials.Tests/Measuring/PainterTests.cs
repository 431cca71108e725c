using SafetyPortal.Diffusion;
using SafetyPortal.Tests;
using SafetyPortal.Trials.Measuring;
using SafetyPortal.Trials.Plans;

namespace SafetyPortal.Trials.Tests.Measuring;

public sealed class PainterTests
{
    [Fact]
    public void Paint_CasesWithTheirOwnGuidance_UseIt()
    {
        using var pipeline = StableDiffusionPipeline.Load(GoldenFolder.At("pipeline"));
        var settings = new PaintSettings(Steps: 2, Guidance: 5, BatchSize: 3);
        EvaluationCase Case(string prompt, double? guidance) => new(prompt, prompt, 7, CaseGroup.Target, prompt, IsStyle: false, guidance);
        byte[] Alone(string prompt, double guidance) => Painter.Paint(pipeline, [Case(prompt, null)], settings with { Guidance = guidance }, progress: null, default)[0].Pixels;
        var steps = new List<int>();

        var images = Painter.Paint(pipeline, [Case("a dog", 1), Case("a church", null), Case("a cat", 240)], settings, steps.Add, default);

        images.Select(image => image.Pixels).ShouldBe([Alone("a dog", 1), Alone("a church", 5), Alone("a cat", 240)]);
        steps[^1].ShouldBe(2);
        Alone("a dog", 1).ShouldNotBe(Alone("a dog", 5));
    }
}
