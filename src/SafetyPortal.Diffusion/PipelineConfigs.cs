using SafetyPortal.Diffusion.Checkpoints;
using SafetyPortal.Diffusion.Clip;
using SafetyPortal.Diffusion.Schedulers;
using SafetyPortal.Diffusion.Tokenizer;
using SafetyPortal.Diffusion.Unet;
using SafetyPortal.Diffusion.Vae;

namespace SafetyPortal.Diffusion;

/// <summary>The sizes of all parts of a pipeline, which must agree where the parts meet.</summary>
internal sealed record PipelineConfigs(
    ClipTokenizer Tokenizer, ClipTextConfig Text, ClipTokenizer? Tokenizer2, ClipTextConfig? Text2, UNetConfig Unet, VaeConfig Vae)
{
    private const int TrialSteps = 50;
    private const int ImageChannels = 3;

    /// <summary>Reads the configuration of a text encoder. The part decides its class, whatever the configuration names.</summary>
    public static ClipTextConfig ReadText(string directory, string part) =>
        ClipTextConfig.From(CheckpointFolder.OpenConfig(Path.Combine(directory, part))) with { WithProjection = part == "text_encoder_2" };

    public static UNetConfig ReadUnet(string directory) => UNetConfig.From(CheckpointFolder.OpenConfig(Path.Combine(directory, "unet")));

    public static VaeConfig ReadVae(string directory) => VaeConfig.From(CheckpointFolder.OpenConfig(Path.Combine(directory, "vae")));

    /// <summary>
    /// Reads the scheduler's settings and tries them once, so that an unsupported one is found now and not at the first image. Whatever the file says,
    /// latents are not clipped and timesteps have an offset of one: so diffusers' StableDiffusionPipeline corrects files of the first releases. Its XL
    /// pipeline does not.
    /// </summary>
    public static SchedulerConfig ReadScheduler(string directory, ModelIndex index)
    {
        var scheduler = SchedulerConfig.Load(Path.Combine(directory, "scheduler")) with { ClassName = index.SchedulerClass };
        if (!index.IsXl)
            scheduler = scheduler with { ClipSample = false, StepsOffset = 1 };
        var trial = scheduler.CreateScheduler();
        using (trial as IDisposable)
            trial.SetTimesteps(Math.Clamp(scheduler.NumTrainTimesteps / 2, 1, TrialSteps)); // an offset needs room behind the last stride
        return scheduler;
    }

    /// <exception cref="ModelFormatException">Two parts disagree on a size; the message names all that do.</exception>
    public void RequireFit()
    {
        var problems = Problems();
        if (problems.Count > 0)
            throw new ModelFormatException($"The parts of the model do not fit together: {string.Join("; ", problems)}.");
    }

    /// <summary>Returns where parts disagree; empty if nowhere.</summary>
    public IReadOnlyList<string> Problems()
    {
        var problems = new List<string>();
        void Require(long left, long right, string what)
        {
            if (left != right)
                problems.Add($"{what}: {left} and {right}");
        }

        if (Text2 is null)
        {
            Require(Text.HiddenSize, Unet.CrossAttentionDim[0], "the text encoder's hidden_size and the UNet's cross_attention_dim differ");
            if (Unet.Added is not null)
                problems.Add("the UNet takes a pooled text embedding (addition_embed_type text_time), which only a second text encoder gives");
        }
        else
        {
            const string Widths = "the text encoders' hidden_size together and the UNet's cross_attention_dim differ";
            const string Pooled = "the second text encoder's projection_dim and the UNet's pooled text "
                + "(projection_class_embeddings_input_dim less six sizes) differ";
            Require(Text.HiddenSize + Text2.HiddenSize, Unet.CrossAttentionDim[0], Widths);
            if (Unet.Added is { } added)
                Require(Text2.ProjectionDim, added.PooledChannels, Pooled);
            else
                problems.Add("a second text encoder gives a pooled text embedding, for which the UNet has no addition_embed_type");
        }

        Require(Vae.LatentChannels, Unet.InChannels, "the autoencoder's latent_channels and the UNet's in_channels differ");
        Require(Vae.InChannels, ImageChannels, "the autoencoder's in_channels and the channels of an image differ");
        Require(Vae.OutChannels, ImageChannels, "the autoencoder's out_channels and the channels of an image differ");
        Require(Unet.InChannels, Unet.OutChannels, "the UNet's in_channels and out_channels differ");
        Fit(problems, "", Tokenizer, Text);
        if (Tokenizer2 is { } tokenizer && Text2 is { } text)
        {
            Fit(problems, "second ", tokenizer, text);
            Require(Tokenizer.ModelMaxLength, tokenizer.ModelMaxLength, "the tokenizers give different numbers of tokens");
        }

        return problems;
    }

    private static void Fit(List<string> problems, string which, ClipTokenizer tokenizer, ClipTextConfig text)
    {
        if (tokenizer.VocabularySize > text.VocabSize)
            problems.Add($"the {which}tokenizer has ids up to {tokenizer.VocabularySize - 1}, the {which}text encoder embeds {text.VocabSize}");
        if (tokenizer.ModelMaxLength > text.MaxPositions)
            problems.Add($"the {which}tokenizer gives {tokenizer.ModelMaxLength} tokens, the {which}text encoder takes {text.MaxPositions}");
    }
}
