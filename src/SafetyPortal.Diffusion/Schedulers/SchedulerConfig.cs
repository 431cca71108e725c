using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using SafetyPortal.Diffusion.Inspection;

namespace SafetyPortal.Diffusion.Schedulers;

/// <summary>
/// The keys of diffusers' <c>scheduler_config.json</c> that decide numbers. Null means that each scheduler takes its own default,
/// so one configuration serves every scheduler, as diffusers' <c>from_config</c> does.
/// </summary>
public sealed record SchedulerConfig
{
    private const int MaxBytes = 1 << 20;

    private static readonly JsonSerializerOptions Format = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        WriteIndented = true,
    };

    // diffusers declares these as optional and takes null for false.
    private static readonly string[] NullableFlags = ["use_karras_sigmas", "use_lu_lambdas", "use_beta_sigmas", "use_exponential_sigmas", "use_flow_sigmas"];

    /// <summary>Scheduler that <see cref="CreateScheduler"/> makes if the caller names none.</summary>
    [JsonPropertyName("_class_name")]
    public string ClassName { get; init; } = "PNDMScheduler";

    public int NumTrainTimesteps { get; init; } = 1000;

    public double BetaStart { get; init; } = 0.0001;

    public double BetaEnd { get; init; } = 0.02;

    /// <summary>linear, scaled_linear or squaredcos_cap_v2.</summary>
    public string BetaSchedule { get; init; } = "linear";

    /// <summary>The betas themselves, in place of a schedule.</summary>
    public IReadOnlyList<double>? TrainedBetas { get; init; }

    /// <summary>epsilon, sample or v_prediction.</summary>
    public string PredictionType { get; init; } = "epsilon";

    /// <summary>linspace, leading or trailing.</summary>
    public string? TimestepSpacing { get; init; }

    public int StepsOffset { get; init; }

    public bool? SetAlphaToOne { get; init; }

    public bool? ClipSample { get; init; }

    public double ClipSampleRange { get; init; } = 1;

    public bool SkipPrkSteps { get; init; }

    public bool RescaleBetasZeroSnr { get; init; }

    public bool UseKarrasSigmas { get; init; }

    public double? SigmaMin { get; init; }

    public double? SigmaMax { get; init; }

    /// <summary>zero or sigma_min.</summary>
    public string FinalSigmasType { get; init; } = "zero";

    public int SolverOrder { get; init; } = 2;

    /// <summary>midpoint or heun.</summary>
    public string SolverType { get; init; } = "midpoint";

    public string AlgorithmType { get; init; } = "dpmsolver++";

    public bool LowerOrderFinal { get; init; } = true;

    public bool EulerAtFinal { get; init; }

    public double LambdaMinClipped { get; init; } = double.NegativeInfinity;

    public bool UseLuLambdas { get; init; }

    public bool Thresholding { get; init; }

    /// <summary>Set for networks that also predict variances. Must be null or a name that means the network does not.</summary>
    public string? VarianceType { get; init; }

    /// <summary>Noise levels by a beta distribution, as newer diffusers has them. Schedulers that space noise levels throw if it is true.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool UseBetaSigmas { get; init; }

    /// <summary>Noise levels spaced in the logarithm; throws likewise.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool UseExponentialSigmas { get; init; }

    /// <summary>Noise levels of flow matching; throws likewise.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool UseFlowSigmas { get; init; }

    public string? InterpolationType { get; init; }

    public string? TimestepType { get; init; }

    /// <summary>Stable Diffusion 1.x as published: PNDM, scaled-linear betas, one step of offset.</summary>
    public static SchedulerConfig StableDiffusion { get; } = new()
    {
        BetaStart = 0.00085,
        BetaEnd = 0.012,
        BetaSchedule = "scaled_linear",
        StepsOffset = 1,
        SetAlphaToOne = false,
        ClipSample = false,
        SkipPrkSteps = true,
    };

    /// <summary><see cref="PredictionType"/> as a value.</summary>
    /// <exception cref="ModelFormatException">The name is unknown.</exception>
    internal PredictionType Prediction => PredictionType switch
    {
        "epsilon" => Schedulers.PredictionType.Epsilon,
        "sample" => Schedulers.PredictionType.Sample,
        "v_prediction" => Schedulers.PredictionType.Velocity,
        _ => throw new ModelFormatException($"prediction_type is '{PredictionType}'; expected epsilon, sample or v_prediction."),
    };

    /// <summary>Reads <c>scheduler_config.json</c> from a scheduler folder.</summary>
    /// <exception cref="ModelFormatException">The file is missing or malformed.</exception>
    public static SchedulerConfig Load(string directory)
    {
        var path = Path.Combine(directory, "scheduler_config.json");
        if (!File.Exists(path))
            throw new ModelFormatException($"scheduler_config.json is missing from {directory}.");
        return Parse(RegularFile.ReadAllText(path, MaxBytes));
    }

    /// <summary>Reads the JSON text of a configuration; keys that are not listed here are ignored.</summary>
    /// <exception cref="ModelFormatException">The text is no JSON object, or a key has a value of the wrong type or range.</exception>
    public static SchedulerConfig Parse(string json)
    {
        try
        {
            using var document = PythonJson.Parse(json);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw new ModelFormatException($"scheduler_config.json: expected an object, found {StrictJson.Describe(document.RootElement)}.");
            var node = JsonObject.Create(document.RootElement)!;
            foreach (var flag in NullableFlags.Where(flag => node[flag] is null))
                node.Remove(flag);
            return node.Deserialize<SchedulerConfig>(Format)!.Checked();
        }
        catch (JsonException e)
        {
            throw new ModelFormatException($"scheduler_config.json: {e.Message}", e);
        }
    }

    /// <summary>Writes <c>scheduler_config.json</c> into a folder.</summary>
    public void Save(string directory)
    {
        Directory.CreateDirectory(directory);
        // An infinite bound is the default; leaving it out keeps the file plain JSON.
        var node = JsonSerializer.SerializeToNode(this, Format)!.AsObject();
        if (double.IsInfinity(LambdaMinClipped))
            node.Remove("lambda_min_clipped");
        File.WriteAllText(Path.Combine(directory, "scheduler_config.json"), node.ToJsonString(Format) + "\n");
    }

    /// <summary>Makes the scheduler of the given class name, <see cref="ClassName"/> when null.</summary>
    /// <exception cref="ModelFormatException">There is no such scheduler, or it does not support this configuration.</exception>
    public IScheduler CreateScheduler(string? className = null) => (className ?? ClassName) switch
    {
        "DDIMScheduler" => new DdimScheduler(this),
        "PNDMScheduler" => new PndmScheduler(this),
        "EulerDiscreteScheduler" => new EulerDiscreteScheduler(this),
        "DPMSolverMultistepScheduler" => new DpmSolverMultistepScheduler(this),
        var other => throw new ModelFormatException(
            $"Scheduler '{other}' is unknown; expected DDIMScheduler, PNDMScheduler, EulerDiscreteScheduler or DPMSolverMultistepScheduler."),
    };

    /// <summary><see cref="TimestepSpacing"/> as a value.</summary>
    internal TimestepSpacing SpacingOr(TimestepSpacing fallback) => TimestepSpacing switch
    {
        null => fallback,
        "linspace" => Schedulers.TimestepSpacing.Linspace,
        "leading" => Schedulers.TimestepSpacing.Leading,
        "trailing" => Schedulers.TimestepSpacing.Trailing,
        _ => throw new ModelFormatException($"timestep_spacing is '{TimestepSpacing}'; expected linspace, leading or trailing."),
    };

    /// <summary>Returns <paramref name="steps"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is less than one step, or more than the training had.</exception>
    internal int CheckedSteps(int steps) => steps >= 1 && steps <= NumTrainTimesteps
        ? steps
        : throw new ArgumentOutOfRangeException(nameof(steps), steps, $"Expected 1 to {NumTrainTimesteps} sampling steps.");

    internal void RefuseThresholding()
    {
        if (Thresholding)
            throw new ModelFormatException("thresholding is true; dynamic thresholding is meant for pixel models and is not available.");
    }

    internal void RefuseOtherSigmas()
    {
        if (UseBetaSigmas || UseExponentialSigmas || UseFlowSigmas)
        {
            var flag = UseBetaSigmas ? "use_beta_sigmas" : UseExponentialSigmas ? "use_exponential_sigmas" : "use_flow_sigmas";
            throw new ModelFormatException($"{flag} is true; expected false.");
        }
    }

    private SchedulerConfig Checked()
    {
        if (NumTrainTimesteps is < 2 or > 100_000)
            throw new ModelFormatException($"num_train_timesteps is {NumTrainTimesteps}; expected 2 to 100000.");
        if (TrainedBetas is not null && TrainedBetas.Count != NumTrainTimesteps)
            throw new ModelFormatException($"trained_betas has {TrainedBetas.Count} values; num_train_timesteps is {NumTrainTimesteps}.");
        if (StepsOffset < 0 || StepsOffset >= NumTrainTimesteps)
            throw new ModelFormatException($"steps_offset is {StepsOffset}; expected 0 to {NumTrainTimesteps - 1}.");
        if (!(BetaStart is >= 0 and < 1 && BetaEnd is >= 0 and < 1))
            throw new ModelFormatException($"beta_start is {BetaStart} and beta_end {BetaEnd}; expected numbers from 0 to below 1.");
        if (SigmaMin is { } least && !(least is > 0 and < 1e6) || SigmaMax is { } most && !(most is > 0 and < 1e6))
            throw new ModelFormatException($"sigma_min is {SigmaMin} and sigma_max {SigmaMax}; expected null or numbers above 0 and below 1000000.");
        if (!(ClipSampleRange is > 0 and < 1e6))
            throw new ModelFormatException($"clip_sample_range is {ClipSampleRange}; expected a number above 0 and below 1000000.");
        _ = Prediction; // refuses names that are unknown
        _ = SpacingOr(Schedulers.TimestepSpacing.Leading);
        return this;
    }
}
