using SafetyPortal.Diffusion;
using SafetyPortal.Erasure.Ablation;
using SafetyPortal.Erasure.Attribution;
using TorchSharp;

namespace SafetyPortal.Erasure.Tests.Memory;

/// <summary>Tensors are freed by their owners and not by the garbage collector: the count of this thread returns to where it began.</summary>
public sealed class LiveTensorTests
{
    private static long Live => DisposeScopeManager.Statistics.ThreadTotalLiveCount;

    [Fact]
    public void WholeJob_LoadGenerateAttributeAblateDispose_LeavesNoTensor()
    {
        Job();
        var before = Live;
        Job();
        Live.ShouldBe(before);
    }

    [Fact]
    public void Generate_ManyImages_KeepsNoMoreTensorsThanOne()
    {
        using var pipeline = StableDiffusionPipeline.Load(Goldens.PipelineFolder);
        var during = new List<long>();
        for (var image = 0; image < 20; image++)
        {
            Generate(pipeline, image);
            during.Add(Live);
        }

        during.ShouldAllBe(count => count == during[0]);
    }

    private static void Job()
    {
        using var pipeline = StableDiffusionPipeline.Load(Goldens.PipelineFolder);
        Generate(pipeline, 0);
        var settings = new AttributionSettings { Prompts = [new PromptPair("a photo of a parachute", "a photo")], Steps = 2, Seeds = [1, 2] };
        using var attribution = ComponentAttribution.Run(pipeline, settings);
        var ablation = new AblationSettings(0.05, AblationScope.Tensor);
        var patch = PatchBuilder.FromMask(pipeline.Unet, MaskSelection.From(attribution.Scores, ablation), ablation);
        using var applied = AppliedPatch.Apply(pipeline.Unet, patch);
        Generate(pipeline, 1);
    }

    private static void Generate(StableDiffusionPipeline pipeline, long seed) =>
        pipeline.Generate(new GenerationSettings { Prompts = ["a photo of a parachute"], Seeds = [seed], Steps = 2, GuidanceScale = 3 });
}
