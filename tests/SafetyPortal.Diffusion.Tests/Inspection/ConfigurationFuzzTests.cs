using System.Globalization;
using System.Text.Json.Nodes;
using SafetyPortal.Diffusion.Inspection;
using SafetyPortal.Diffusion.Tests.References;

namespace SafetyPortal.Diffusion.Tests.Inspection;

/// <summary>
/// Replaces every setting of every configuration file by values that make no sense there. Inspection and loading must both accept the folder, or both
/// refuse it with a message.
/// </summary>
public sealed class ConfigurationFuzzTests : IDisposable
{
    private static readonly string[] Values = ["\"text\"", "-1", "0", "1e308", "2147483648", "[]", "[null]", "{\"a\":1}", "null", "true", "0.5", "[1,[2]]"];

    private readonly TemporaryFolder folder = new();

    // Values per setting. The default keeps the test short.
    private static int PerSetting => int.Parse(Environment.GetEnvironmentVariable("SAFETYPORTAL_FUZZ_VALUES") ?? "2", CultureInfo.InvariantCulture);

    public static TheoryData<string, string> Files => new()
    {
        { "sd2", "model_index.json" },
        { "sd2", "scheduler/scheduler_config.json" },
        { "sd2", "text_encoder/config.json" },
        { "sd2", "tokenizer/tokenizer_config.json" },
        { "sd2", "unet/config.json" },
        { "sd2", "vae/config.json" },
        { "sdxl", "model_index.json" },
        { "sdxl", "scheduler/scheduler_config.json" },
        { "sdxl", "text_encoder_2/config.json" },
        { "sdxl", "unet/config.json" },
    };

    [Theory]
    [MemberData(nameof(Files))]
    public void InspectAndLoad_SettingThatMakesNoSense_RefusesOrLoads(string origin, string file)
    {
        folder.Copy(ReferenceFolder.At(origin));
        var text = File.ReadAllText(folder.At(file));
        var random = new Random(file.Length);
        foreach (var key in JsonNode.Parse(text)!.AsObject().Select(p => p.Key))
        {
            foreach (var value in random.GetItems(Values, PerSetting))
            {
                var changed = JsonNode.Parse(text)!.AsObject();
                changed[key] = JsonNode.Parse(value);
                File.WriteAllText(folder.At(file), changed.ToJsonString());
                var whole = ModelFolderInspection.Inspect(folder.Root).IsWhole;
                whole.ShouldBe(Loads(), $"{file}: {key} = {value}");
            }
        }
    }

    public void Dispose() => folder.Dispose();

    private bool Loads()
    {
        try
        {
            StableDiffusionPipeline.Load(folder.Root).Dispose();
            return true;
        }
        catch (ModelFormatException)
        {
            return false;
        }
    }
}
