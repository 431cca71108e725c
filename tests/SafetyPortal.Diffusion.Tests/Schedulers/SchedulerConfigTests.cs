using SafetyPortal.Diffusion.Tests;

namespace SafetyPortal.Diffusion.Schedulers;

public sealed class SchedulerConfigTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Parse_PythonsInfinity_IsRead()
    {
        var config = SchedulerConfig.Parse(
            """{"_class_name": "DPMSolverMultistepScheduler", "lambda_min_clipped": -Infinity, "note": "Infinity \" NaN", "solver_order": 3}""");

        config.LambdaMinClipped.ShouldBe(double.NegativeInfinity);
        config.SolverOrder.ShouldBe(3);
        config.CreateScheduler().ShouldBeOfType<DpmSolverMultistepScheduler>();
    }

    [Fact]
    public void Save_ThenLoad_GivesTheSameSettings()
    {
        var config = SchedulerConfig.StableDiffusion with { ClassName = "DDIMScheduler", PredictionType = "v_prediction", TimestepSpacing = "trailing" };

        config.Save(folder.Root);

        SchedulerConfig.Load(folder.Root).ShouldBe(config);
    }

    [Fact]
    public void Parse_OptionalFlagOfNull_IsFalse() =>
        SchedulerConfig.Parse("""{"use_karras_sigmas": null, "use_beta_sigmas": null}""").UseKarrasSigmas.ShouldBeFalse();

    [Theory]
    [InlineData("""{"beta_schedule": "sigmoid"}""", "beta_schedule is 'sigmoid'")]
    [InlineData("""{"prediction_type": "noise"}""", "prediction_type is 'noise'")]
    [InlineData("""{"num_train_timesteps": 0}""", "num_train_timesteps is 0")]
    [InlineData("""{"num_train_timesteps": "many"}""", "num_train_timesteps")]
    [InlineData("""{"steps_offset": 5000}""", "steps_offset is 5000")]
    [InlineData("""{"beta_end": 2}""", "beta_end 2; expected numbers from 0 to below 1")]
    [InlineData("""{"trained_betas": [0.1]}""", "trained_betas has 1 values")]
    [InlineData("""{"_class_name": "LMSDiscreteScheduler"}""", "'LMSDiscreteScheduler' is unknown")]
    [InlineData("""{"_class_name": "DDIMScheduler", "thresholding": true}""", "thresholding is true")]
    [InlineData("""{"_class_name": "DPMSolverMultistepScheduler", "variance_type": "learned_range"}""", "variance_type is 'learned_range'")]
    [InlineData("""{"_class_name": "DPMSolverMultistepScheduler", "use_flow_sigmas": true}""", "use_flow_sigmas is true")]
    [InlineData("""{"_class_name": "EulerDiscreteScheduler", "use_beta_sigmas": true}""", "use_beta_sigmas is true")]
    [InlineData("""{"_class_name": "EulerDiscreteScheduler", "use_exponential_sigmas": true}""", "use_exponential_sigmas is true")]
    [InlineData("""{"beta_schedule": "\ud800"}""", "half of a surrogate pair")]
    [InlineData("""{"steps_offset": 1, "steps_offset": 1, "use_karras_sigmas": null}""", "steps_offset")]
    [InlineData("null", "found null")]
    [InlineData("[1", "scheduler_config.json")]
    public void Parse_UnsupportedSettings_SaysWhich(string json, string message) =>
        Should.Throw<ModelFormatException>(() => SchedulerConfig.Parse(json).CreateScheduler().SetTimesteps(10)).Message.ShouldContain(message);

    [Fact]
    public void SetTimesteps_MoreThanTheTraining_IsRefused() =>
        Should.Throw<ArgumentOutOfRangeException>(() => SchedulerConfig.StableDiffusion.CreateScheduler().SetTimesteps(1001)).Message
            .ShouldContain("1 to 1000");
}
