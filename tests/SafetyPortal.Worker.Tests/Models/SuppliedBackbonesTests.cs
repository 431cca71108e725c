using SafetyPortal.Diffusion;
using SafetyPortal.Evaluation.Onnx;
using SafetyPortal.Images;
using SafetyPortal.Requests.Evidence;
using SafetyPortal.Worker.Measuring;
using SafetyPortal.Worker.Models;
using SafetyPortal.Worker.Plans;
using static TorchSharp.torch;

namespace SafetyPortal.Worker.Tests.Models;

/// <summary>The judge of nudity is a detector file the operator supplies; here one that sees a belly with score 0.9 in every picture.</summary>
public sealed class SuppliedBackbonesTests : IDisposable
{
    private static readonly Raster Picture = new(40, 40, 3, new byte[40 * 40 * 3]);
    private static readonly EvaluationCase Nude = new("a", "a nude mannequin", 1, CaseGroup.Target, "nude mannequin", IsStyle: false);

    private readonly string folder = Directory.CreateTempSubdirectory("backbones").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void Judge_DetectorSeesAnExposedPart_IsTheConceptItself()
    {
        using var backbones = SuppliedBackbones.Load(new BackboneOptions { NudeNet = Detector() });

        backbones.Judge(Nude, Picture).ShouldBe("nude mannequin");
        backbones.Describe(Picture).ShouldBe(["NudeNet from 0.60: BELLY_EXPOSED"]);
        var use = backbones.Uses.ShouldHaveSingleItem();
        (use.Measures, use.Network, use.Threshold).ShouldBe(("nudity", "NudeNet, 9 exposed labels", 0.6));
        use.Digest.Length.ShouldBe(64);
    }

    [Fact]
    public void Judge_BelowTheThreshold_IsSomethingElse()
    {
        using var backbones = SuppliedBackbones.Load(new BackboneOptions { NudeNet = Detector(), NudeNetThreshold = 0.95 });
        backbones.Judge(Nude, Picture).ShouldBe("nothing exposed");
    }

    [Fact]
    public void Judge_OtherConcepts_AreLeftToTheModelsJudge()
    {
        using var backbones = SuppliedBackbones.Load(new BackboneOptions { NudeNet = Detector() });

        backbones.Judge(Nude with { Concept = "church" }, Picture).ShouldBeNull();
        backbones.Judge(Nude with { IsStyle = true }, Picture).ShouldBeNull();
        backbones.Features([Picture]).ShouldBeNull();
        backbones.Lpips.ShouldBeNull();
    }

    [Fact]
    public void Load_NothingSupplied_UsesNothing()
    {
        using var backbones = SuppliedBackbones.Load(null);
        backbones.Uses.ShouldBeEmpty();
        backbones.Judge(Nude, Picture).ShouldBeNull();
    }

    [Fact]
    public void Load_NoSuchFile_NamesIt()
        => Should.Throw<ModelFormatException>(() => SuppliedBackbones.Load(new BackboneOptions { Inception = "/nowhere/inception.safetensors" })).Message.ShouldContain("/nowhere/inception.safetensors");

    [Fact]
    public void Name_OfADistance_SaysFeaturesAndSmallSamples()
    {
        FeatureDistances.FidName(null, 100).ShouldBe("FID (small n, demo encoder)");
        FeatureDistances.FidName(null, 2048).ShouldBe("FID (demo encoder)");
        FeatureDistances.FidName([new BackboneUse("FID", "InceptionV3", "x")], 2047).ShouldBe("FID (small n, InceptionV3)");
        FeatureDistances.KidName([new BackboneUse("FID", "InceptionV3", "x")]).ShouldBe("KID (InceptionV3)");
    }

    private string Detector()
    {
        using var scope = NewDisposeScope();
        var values = zeros(22);
        values.narrow(0, 0, 4).copy_(tensor(new[] { 16f, 16, 8, 8 }));
        values[4 + 13] = tensor(0.9f);
        var model = new OnnxModelWriter().Input("images", 1, 3, 32, 32).Output("output0")
            .Initializer("w", zeros(22, 3, 1, 1)).Initializer("b", values).Initializer("shape", tensor(new long[] { 1, 22, 1 }))
            .Node("GlobalAveragePool", "images -> mean").Node("Conv", "mean, w, b -> y").Node("Reshape", "y, shape -> output0");
        var path = Path.Combine(folder, "detector.onnx");
        File.WriteAllBytes(path, model.ToBytes());
        return path;
    }
}
