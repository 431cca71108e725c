using System.Globalization;
using System.Text.Json.Nodes;
using SafetyPortal.Diffusion.Inspection;
using SafetyPortal.Diffusion.Tests.References;

namespace SafetyPortal.Diffusion.Tests.Inspection;

/// <summary>
/// Every setting of every configuration file, replaced by values that make no sense there: a folder is refused with a message or loads, and
/// nothing else happens.
/// </summary>
public sealed class ConfigurationFuzzTests : IDisposable
{
    private static readonly string[] Values = ["\"text\"", "-1", "0", "1e308", "2147483648", "[]", "[null]", "{\"a\":1}", "null", "true", "0.5", "[1,[2]]"];

    private readonly TemporaryFolder folder = new();

    // Values that are tried per setting; any more only take longer.
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
        foreach (var source in Directory.EnumerateFiles(ReferenceFolder.At(origin), "*", SearchOption.AllDirectories).Where(f => Path.GetFileName(f) != "io.safetensors"))
        {
            var target = folder.At(Path.GetRelativePath(ReferenceFolder.At(origin), source));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(source, target);
        }

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
