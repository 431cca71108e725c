using SafetyPortal.Diffusion.Clip;
using SafetyPortal.Diffusion.Tokenizer;
using SafetyPortal.Diffusion.Unet;
using SafetyPortal.Diffusion.Vae;
using SafetyPortal.Evaluation.Detection;
using SafetyPortal.Lab.DemoWorld;
using SafetyPortal.Lab.DemoWorld.Stages;
using static TorchSharp.torch;

namespace SafetyPortal.Lab.Tests.DemoWorld.Stages;

public sealed class DemoTrainingTests : IDisposable
{
    private static readonly DemoRecipe Tiny = new()
    {
        Pictures = 24,
        HeldOut = 16,
        TextWidth = 8,
        TextLayers = 1,
        ImageWidth = 8,
        ImageLayers = 1,
        UnetChannels = [8, 16],
        UnetGroups = 4,
        VaeChannels = [4, 8, 8],
        VaeGroups = 4,
    };

    private readonly string _folder = Directory.CreateTempSubdirectory("demo").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Train_EveryStageThenExport_GivesAFolderThatLoads()
    {
        using var context = new StageContext(Tiny, RepositoryFiles.Artwork, Path.Combine(_folder, "work"), 2, ScalarType.Float32, null, TimeProvider.System);
        foreach (var stage in DemoTraining.Stages)
            DemoTraining.Train(context, stage, steps: 2, seed: 1, budget: null, sheets: false, CancellationToken.None).Step.ShouldBe(2);

        var model = Path.Combine(_folder, "model");
        ExportStage.Write(context, model);

        ClipTokenizer.Load(Path.Combine(model, "tokenizer")).ModelMaxLength.ShouldBe(20);
        using var text = ClipTextModel.Load(Path.Combine(model, "text_encoder"));
        using var unet = UNet2DConditionModel.Load(Path.Combine(model, "unet"));
        using var vae = AutoencoderKL.Load(Path.Combine(model, "vae"));
        using var clip = ClipModel.Load(Path.Combine(model, "clip"));
        using var judge = ConceptClassifier.Load(Path.Combine(model, "judge"));
        vae.Config.ScalingFactor.ShouldBe(LatentSet.ScalingFactorOf(context.WorkDirectory), 1e-12);
        unet.Config.BlockOutChannels.ShouldBe([8, 16]);
        judge.Config.Objects.Count.ShouldBe(17);
        File.ReadAllLines(Path.Combine(model, "prompts", "objects.csv"))[0].ShouldBe("prompt,evaluation_seed,class,style");
        SameWeights(text, clip).ShouldBeTrue();
    }

    [Fact]
    public void Train_AutoencoderTrainedFurther_MakesLatentsAnewAndRefusesWhatLearnedFromTheOld()
    {
        using var context = new StageContext(Tiny, RepositoryFiles.Artwork, Path.Combine(_folder, "work"), 2, ScalarType.Float32, null, TimeProvider.System);
        void Train(string stage, long steps) => DemoTraining.Train(context, stage, steps, seed: 1, budget: null, sheets: false, CancellationToken.None);
        foreach (var stage in (string[])["clip", "vae", "unet", "decoder"])
            Train(stage, 1);
        var before = LatentSet.ScalingFactorOf(context.WorkDirectory);
        Train("vae", 1); // goes on where it was, at its end: nothing changes
        LatentSet.ScalingFactorOf(context.WorkDirectory).ShouldBe(before);

        Train("vae", 3);

        Should.Throw<InvalidOperationException>(() => LatentSet.ScalingFactorOf(context.WorkDirectory)).Message.ShouldContain("made by another autoencoder");
        Should.Throw<InvalidOperationException>(() => DecoderStage.LoadBest(context)).Message.ShouldContain("decoder.checkpoint.safetensors was trained on 'vae'");
        Should.Throw<InvalidOperationException>(() => UnetStage.Load(context)).Message.ShouldContain("unet.checkpoint.safetensors was trained on 'vae'");
        Should.Throw<InvalidOperationException>(() => Train("decoder", 2)).Message.ShouldContain("Delete it and train the stage again");
        LatentSet.ScalingFactorOf(context.WorkDirectory).ShouldNotBe(before); // the stage that was refused had made them anew

        File.Delete(Path.Combine(context.WorkDirectory, "decoder.checkpoint.safetensors"));
        Train("decoder", 1);
        using var vae = DecoderStage.LoadBest(context);
        vae.Config.BlockOutChannels.ShouldBe(Tiny.VaeChannels);
    }

    [Fact]
    public void Train_UnknownStage_NamesTheStagesThereAre()
    {
        using var context = new StageContext(Tiny, RepositoryFiles.Artwork, Path.Combine(_folder, "work"), 1, ScalarType.Float32, null, TimeProvider.System);

        Should.Throw<ArgumentException>(() => DemoTraining.Train(context, "lora", 1, 1, null, false, CancellationToken.None))
            .Message.ShouldContain("clip, judge, vae, unet, decoder");
    }

    private static bool SameWeights(ClipTextModel text, ClipModel clip)
    {
        var whole = clip.named_parameters().ToDictionary(p => p.name, p => p.parameter, StringComparer.Ordinal);
        return text.named_parameters().All(p => p.parameter.eq(whole[p.name]).all().item<bool>());
    }
}
