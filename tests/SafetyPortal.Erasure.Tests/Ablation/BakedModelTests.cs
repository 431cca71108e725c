using SafetyPortal.Diffusion;
using SafetyPortal.Diffusion.Unet;
using SafetyPortal.Erasure.Ablation;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Erasure.Tests.Ablation;

public sealed class BakedModelTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("baked");

    public void Dispose() => folder.Delete(recursive: true);

    [Theory]
    [InlineData("sd2", false)]
    [InlineData("sd2", true)]
    [InlineData("sdxl", false)]
    public void Write_TwoPatches_GivesAFolderWithTheirResult(string model, bool asFloat32)
    {
        var live = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        var patches = Patches(model, 2);
        File.WriteAllBytes(Path.Combine(Copy(model), "unet", "diffusion_pytorch_model.bin"), [0x80, 0x02]);

        var digest = BakedModel.Write(Copy(model), At("out"), patches, asFloat32);

        digest.ShouldBe(patches[1].ResultDigest);
        File.Exists(Path.Combine(At("out"), "unet", "diffusion_pytorch_model.bin")).ShouldBeFalse();
        using (var pipeline = StableDiffusionPipeline.Load(At("out")))
            WeightsDigest.Of(pipeline.Unet).ShouldBe(digest);
        using (var weights = UNet2DConditionModel.OpenWeights(Path.Combine(At("out"), "unet")))
            weights.Entries.Values.ShouldAllBe(e => e.Dtype == (asFloat32 ? ScalarType.Float32 : ScalarType.Float16));
        Directory.GetFiles(Path.Combine(At("out"), "unet")).Length.ShouldBe(Directory.GetFiles(Path.Combine(Goldens.Model(model), "unet")).Length);
        DisposeScopeManager.Statistics.ThreadTotalLiveCount.ShouldBe(live);
    }

    [Fact]
    public void Write_ValuesHalfPrecisionCannotHold_IsRefusedAndLeavesNothing()
    {
        var noise = Patches("sdxl", 1, AblationFill.Noise);
        Should.Throw<PatchMismatchException>(() => BakedModel.Write(Goldens.Model("sdxl"), At("out"), noise)).Message.ShouldContain("single precision is not");
        Directory.GetFileSystemEntries(folder.FullName).ShouldBeEmpty();
        BakedModel.Write(Goldens.Model("sdxl"), At("out"), noise, asFloat32: true).ShouldBe(noise[0].ResultDigest);
    }

    [Fact]
    public void Write_PatchesInTheWrongOrder_IsRefused()
    {
        var patches = Patches("sd2", 2);
        Should.Throw<PatchMismatchException>(() => BakedModel.Write(Goldens.Model("sd2"), At("out"), [patches[1], patches[0]]))
            .Message.ShouldContain("that the patch was made for");
        Should.Throw<PatchMismatchException>(() => BakedModel.Write(Goldens.Model("sdxl"), At("out"), patches));
        Directory.GetFileSystemEntries(folder.FullName).ShouldBeEmpty();
    }

    [Fact]
    public void Write_TargetThatExists_IsLeftAlone()
    {
        Directory.CreateDirectory(At("out"));
        Should.Throw<IOException>(() => BakedModel.Write(Goldens.Model("sd2"), At("out"), Patches("sd2", 1))).Message.ShouldContain("exists already");
    }

    private string At(string name) => Path.Combine(folder.FullName, name);

    private string Copy(string model)
    {
        var copy = At("copy");
        if (Directory.Exists(copy))
            return copy;
        foreach (var file in Directory.GetFiles(Goldens.Model(model), "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(copy, Path.GetRelativePath(Goldens.Model(model), file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }

        return copy;
    }

    // A chain of patches of three weights each. Half precision would round noise.
    private static List<AblationPatch> Patches(string model, int count, AblationFill fill = AblationFill.Zero)
    {
        using var unet = UNet2DConditionModel.Load(Path.Combine(Goldens.Model(model), "unet"));
        var name = unet.named_parameters().First(p => p.name.EndsWith("ff.net.2.weight", StringComparison.Ordinal)).name;
        long[] shape = unet.get_parameter(name)!.shape;
        var patches = new List<AblationPatch>();
        var applied = new Stack<AppliedPatch>();
        for (var i = 0; i < count; i++)
        {
            var mask = new AblationMask([new TensorMask(name, shape, [i, 7 + i, shape[0] * shape[1] - 1 - i])]);
            patches.Add(PatchBuilder.FromMask(unet, mask, new AblationSettings(0.01, Fill: fill, NoiseSeed: 7)));
            applied.Push(AppliedPatch.Apply(unet, patches[^1]));
        }

        while (applied.TryPop(out var last))
            last.Dispose();
        return patches;
    }
}
