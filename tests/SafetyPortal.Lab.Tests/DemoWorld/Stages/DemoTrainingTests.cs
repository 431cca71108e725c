using SafetyPortal.Diffusion.Clip;
using SafetyPortal.Diffusion.Tokenizer;
using SafetyPortal.Diffusion.Unet;
using SafetyPortal.Diffusion.Vae;
using SafetyPortal.Evaluation.Detection;
using SafetyPortal.Lab.DemoWorld;
using SafetyPortal.Lab.DemoWorld.Stages;
using SafetyPortal.Lab.DemoWorld.Training;
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

    private readonly string folder = Directory.CreateTempSubdirectory("demo").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void Train_EveryStageThenExport_GivesAFolderThatLoads()
    {
        using var context = Context();
        foreach (var stage in DemoTraining.Stages)
            Train(context, stage, 2).Step.ShouldBe(2);

        var model = Path.Combine(folder, "model");
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
        using var context = Context();
        foreach (var stage in (string[])["clip", "vae", "unet", "decoder"])
            Train(context, stage, 1);
        var before = LatentSet.ScalingFactorOf(context.WorkDirectory);
        Train(context, "vae", 1); // goes on where it was, at its end: nothing changes
        LatentSet.ScalingFactorOf(context.WorkDirectory).ShouldBe(before);

        Train(context, "vae", 3);

        static void Refused(Action action, string message) => Should.Throw<InvalidOperationException>(action).Message.ShouldContain(message);
        Refused(() => LatentSet.ScalingFactorOf(context.WorkDirectory), "made by another autoencoder");
        Refused(() => DecoderStage.LoadBest(context), "decoder.checkpoint.safetensors was trained on 'vae'");
        Refused(() => UnetStage.Load(context), "unet.checkpoint.safetensors was trained on 'vae'");
        Refused(() => Train(context, "decoder", 2), "Delete it and train the stage again");
        LatentSet.ScalingFactorOf(context.WorkDirectory).ShouldNotBe(before); // the stage that was refused had made them anew

        File.Delete(Path.Combine(context.WorkDirectory, "decoder.checkpoint.safetensors"));
        Train(context, "decoder", 1);
        using var vae = DecoderStage.LoadBest(context);
        vae.Config.BlockOutChannels.ShouldBe(Tiny.VaeChannels);
    }

    [Fact]
    public void Train_UnknownStage_NamesTheStagesThereAre()
    {
        using var context = Context();

        Should.Throw<ArgumentException>(() => Train(context, "lora", 1)).Message.ShouldContain("clip, judge, vae, unet, decoder");
    }

    private StageContext Context() => new(Tiny, RepositoryFiles.Artwork, Path.Combine(folder, "work"), 2, ScalarType.Float32, null);

    private static TrainingResult Train(StageContext context, string stage, long steps) =>
        DemoTraining.Train(context, stage, steps, seed: 1, budget: null, sheets: false, CancellationToken.None);

    private static bool SameWeights(ClipTextModel text, ClipModel clip)
    {
        var whole = clip.named_parameters().ToDictionary(p => p.name, p => p.parameter, StringComparer.Ordinal);
        return text.named_parameters().All(p => p.parameter.eq(whole[p.name]).all().item<bool>());
    }
}
