using System.Globalization;
using System.Text.Json.Nodes;
using SafetyPortal.Cli.Output;
using SafetyPortal.Diffusion.Safetensors;
using SafetyPortal.Erasure.Ablation;
using SafetyPortal.Images;
using SafetyPortal.Tests;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Cli.Tests.Commands;

/// <summary>
/// libtorch ends the process at some calls with wrong shapes, types or sizes. Each kind of file from outside is made wrong in every way that could reach such a
/// call, and given to the command line in a child process: it must say what is wrong and go on living.
/// </summary>
[Collection(nameof(InProcess))]
public sealed class MisuseTests : IDisposable
{
    private const string Weight = "down_blocks.0.attentions.0.transformer_blocks.0.ff.net.2.weight";
    private static readonly string Model = GoldenFolder.At("pipeline");

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("misuse");
    private readonly DisposeScope scope = NewDisposeScope();

    public void Dispose()
    {
        scope.Dispose();
        folder.Delete(recursive: true);
    }

    [Fact]
    public async Task Generate_PatchesThatMisuseTensors_AreRefused()
    {
        var (shape, digest) = WeightOfModel();
        var numel = shape[0] * shape[1];
        string Shapes(string name, params long[] sizes) => $$"""[{"Key":"{{name}}","Value":[{{string.Join(',', sizes)}}]}]""";
        (Dictionary<string, Tensor> Tensors, Dictionary<string, string> Notes) Whole() => (
            new(StringComparer.Ordinal) { [Weight + ".indices"] = tensor(new[] { 1, 5, 7 }), [Weight + ".fill"] = tensor(new[] { 0.5f, 0, 1 }) },
            new(StringComparer.Ordinal)
            {
                ["format"] = "safety-portal-patch/1",
                ["base_digest"] = digest,
                ["result_digest"] = digest,
                ["shapes"] = Shapes(Weight, shape),
                ["notes"] = "{}",
            });
        Kind[] kinds =
        [
            new("indices of fractions", (t, _) => t[Weight + ".indices"] = tensor(new[] { 1f, 5, 7 })),
            new("indices of truth values", (t, _) => t[Weight + ".indices"] = tensor(new[] { true, false, true })),
            new("indices in two dimensions", (t, _) => t[Weight + ".indices"] = tensor(new[] { 1, 5, 7 }, [1, 3])),
            new("index behind the end", (t, _) => t[Weight + ".indices"] = tensor(new[] { 1, 5, numel })),
            new("index before the start", (t, _) => t[Weight + ".indices"] = tensor(new long[] { -1, 5, 7 })),
            new("indices that descend", (t, _) => t[Weight + ".indices"] = tensor(new[] { 7, 5, 1 })),
            new("index twice", (t, _) => t[Weight + ".indices"] = tensor(new[] { 1, 1, 7 })),
            new("no indices", (t, _) => t.Remove(Weight + ".indices")),
            new("one index for a scalar", (t, _) => t[Weight + ".indices"] = tensor(1)),
            new("fill too short", (t, _) => t[Weight + ".fill"] = tensor(new[] { 0.5f })),
            new("fill of whole numbers", (t, _) => t[Weight + ".fill"] = tensor(new[] { 1, 2, 3 })),
            new("fill in double precision", (t, _) => t[Weight + ".fill"] = tensor(new[] { 1e300, 2, 3 })),
            new("fill that is no number", (t, _) => t[Weight + ".fill"] = tensor(new[] { float.NaN, 0, 1 })),
            new("fill that is infinite", (t, _) => t[Weight + ".fill"] = tensor(new[] { float.PositiveInfinity, 0, 1 })),
            new("surplus tensor", (t, _) => t["more"] = ones(2)),
            new("shapes of another tensor", (_, n) => n["shapes"] = Shapes("conv_in.weight", shape)),
            new("shape of one dimension", (_, n) => n["shapes"] = Shapes(Weight, numel), ExitCode.CheckFailed),
            new("shape of other sizes", (_, n) => n["shapes"] = Shapes(Weight, shape[1] + 1, shape[0]), ExitCode.CheckFailed),
            new("shape whose product overflows", (_, n) => n["shapes"] = Shapes(Weight, 1L << 62, 1L << 62)),
            new("negative shape", (_, n) => n["shapes"] = Shapes(Weight, -1, -1)),
            new("shape that is null", (_, n) => n["shapes"] = $$"""[{"Key":"{{Weight}}","Value":null}]"""),
            new("name that is null", (_, n) => n["shapes"] = """[{"Key":null,"Value":[1,1]}]"""),
            new("shapes that are null", (_, n) => n["shapes"] = "null"),
            new("shapes that are no JSON", (_, n) => n["shapes"] = "["),
            new("notes of numbers", (_, n) => n["notes"] = """{"a":1}"""),
            new("no digest", (_, n) => n.Remove("base_digest")),
            new("another base", (_, n) => n["base_digest"] = "0", ExitCode.CheckFailed),
            new("another result", (_, n) => n["result_digest"] = "0", ExitCode.CheckFailed),
            new("scores instead", (_, n) => n["format"] = "safety-portal-attribution/1"),
        ];

        await ShouldBeRefused(kinds, Whole, file => ["generate", "--model", Model, "-p", "a dog", "--steps", "1", "-o", folder.FullName, "--patch", file]);
        await ShouldBeRefused(kinds, Whole, file => ["model", "bake", file + ".baked", "--model", Model, "--patch", file]);
    }

    [Fact]
    public async Task Erase_ScoresThatMisuseTensors_AreRefused()
    {
        var good = At("good.safetensors");
        var made = await InProcess.RunAsync("attribute", "--model", Model, "-p", "a dog", "--steps", "1", "--seeds", "1", "-o", good);
        made.ExitCode.ShouldBe(ExitCode.Success, made.Error);
        (Dictionary<string, Tensor> Tensors, Dictionary<string, string> Notes) Whole()
        {
            using var file = SafetensorsFile.Open(good);
            return (file.Entries.Keys.ToDictionary(name => name, name => file.Read(name), StringComparer.Ordinal), new(file.Metadata, StringComparer.Ordinal));
        }

        Action<Dictionary<string, Tensor>, Dictionary<string, string>> Summary(Action<JsonNode> change) => (_, n) =>
        {
            var summary = JsonNode.Parse(n["summary"])!;
            change(summary);
            n["summary"] = summary.ToJsonString();
        };
        Kind[] kinds =
        [
            new("one dimension", (t, _) => t[Weight] = t[Weight].reshape(-1)),
            new("three dimensions", (t, _) => t[Weight] = t[Weight].unsqueeze(0)),
            new("no dimension", (t, _) => t[Weight] = tensor(1f)),
            new("no entries", (t, _) => t[Weight] = zeros(0, 4)),
            new("turned shape", (t, _) => t[Weight] = t[Weight].t().contiguous()),
            new("whole numbers", (t, _) => t[Weight] = t[Weight].to(ScalarType.Int64)),
            new("truth values", (t, _) => t[Weight] = t[Weight].to(ScalarType.Bool)),
            new("half precision", (t, _) => t[Weight] = t[Weight].to(ScalarType.Float16)),
            new("no numbers", (t, _) => t[Weight] = full_like(t[Weight], float.NaN)),
            new("infinity", (t, _) => t[Weight] = full_like(t[Weight], float.NegativeInfinity)),
            new("a weight that the order lacks", (t, _) => t["more"] = ones(2, 2)),
            new("another name", (t, n) =>
            {
                t["more"] = t[Weight];
                t.Remove(Weight);
                n["order"] = n["order"].Replace(Weight, "more", StringComparison.Ordinal);
            }),
            new("order twice", (_, n) => n["order"] = n["order"].Replace("]", $",\"{Weight}\"]", StringComparison.Ordinal)),
            new("order with null", (_, n) => n["order"] = n["order"].Replace("]", ",null]", StringComparison.Ordinal)),
            new("order of another kind", (_, n) => n["order"] = "{}"),
            new("empty summary", (_, n) => n["summary"] = "{}"),
            new("summary of another kind", (_, n) => n["summary"] = "[]"),
            new("no settings", Summary(s => s["Settings"] = null)),
            new("no prompts", Summary(s => s["Settings"]!["Prompts"] = null)),
            new("null for a prompt", Summary(s => s["Settings"]!["Prompts"] = new JsonArray((JsonNode?)null))),
            new("no concept", Summary(s => s["Settings"]!["Prompts"]![0]!["Concept"] = null)),
            new("unknown objective", Summary(s => s["Settings"]!["Objective"] = 99)),
            new("a patch instead", (_, n) => n["format"] = "safety-portal-patch/1"),
        ];

        var patch = At("patch.safetensors");
        await ShouldBeRefused(kinds, Whole, file => ["erase", "--model", Model, "-r", "0.1", "--scope", "model", "-o", patch, "-s", file]);
        await ShouldBeRefused(kinds, Whole, file => ["erase", "--model", Model, "-r", "0.1", "-o", patch, "-s", good, "--protect", file]);
        File.Exists(patch).ShouldBeFalse();
    }

    // Every setting with two values out of a list; SAFETYPORTAL_FUZZ_VALUES says how many.
    [Theory]
    [InlineData("sd2")]
    [InlineData("sdxl")]
    public async Task Generate_ConfigurationsThatMakeNoSense_AreRefusedOrDraw(string origin)
    {
        string[] values =
        [
            "\"text\"", "-1", "0", "1", "3", "7", "0.5", "-0.5", "1e308", "1e-300", "65536", "2147483648", "[]", "[0]", "[-1,3]", "[null]", "{\"a\":1}", "true",
        ];
        var source = GoldenFolder.At("..", "SafetyPortal.Diffusion.Tests", "References", origin);
        var random = new Random(7);
        var perSetting = int.Parse(Environment.GetEnvironmentVariable("SAFETYPORTAL_FUZZ_VALUES") ?? "1", CultureInfo.InvariantCulture);
        var names = new List<string>();
        var configs = Directory.EnumerateFiles(source, "*config.json", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(source, path));
        foreach (var file in configs.Order(StringComparer.Ordinal))
        {
            var original = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(source, file)))!.AsObject();
            foreach (var key in original.Select(setting => setting.Key))
            {
                foreach (var value in random.GetItems(values, perSetting))
                {
                    var changed = original.DeepClone();
                    changed[key] = JsonNode.Parse(value);
                    var copy = Copy(source, $"{names.Count}");
                    await File.WriteAllTextAsync(Path.Combine(copy, file), changed.ToJsonString());
                    names.Add($"{file}: {key} = {value}");
                }
            }
        }

        var (results, exit) = await CommandLineBatch.RunAsync(
            names.Select((_, i) => (string[])["generate", "--model", At($"{i}"), "-p", "a dog", "--steps", "2", "-o", At("out")]), At("commands"));

        exit.ShouldBe(0, results.Count < names.Count ? $"ended by {names[results.Count]}" : null);
        names.Zip(results)
            .Where(pair => pair.Second.ExitCode is not (ExitCode.Success or ExitCode.BadInput))
            .Select(pair => $"{pair.First}: {pair.Second.ExitCode} {pair.Second.Error}").ShouldBeEmpty();
    }

    [Fact]
    public async Task Evaluate_PartsThatMisuseTensors_AreRefused()
    {
        var picture = At("picture.png");
        await File.WriteAllBytesAsync(picture, ImageCodec.EncodePng(new Raster(16, 16, 3, new byte[16 * 16 * 3])));
        var whole = TinyModelFolder.Create(folder.FullName);
        (string File, Action<JsonNode> Change)[] configs =
        [
            ("clip/config.json", c => c["vision_config"]!["patch_size"] = 7),
            ("clip/config.json", c => c["vision_config"]!["num_attention_heads"] = 0),
            ("clip/config.json", c => c["vision_config"]!["num_attention_heads"] = 5),
            ("clip/config.json", c => c["vision_config"]!["image_size"] = 4096),
            ("clip/config.json", c => c["vision_config"]!["num_channels"] = 1),
            ("clip/config.json", c => c["projection_dim"] = 16384),
            ("clip/config.json", c => c["text_config"]!["max_position_embeddings"] = 4096),
            ("clip/config.json", c => c["text_config"]!["vocab_size"] = 4),
            ("judge/config.json", c => c["groups"] = 3),
            ("judge/config.json", c => c["groups"] = 0),
            ("judge/config.json", c => c["channels"] = new JsonArray(4096, 4096)),
            ("judge/config.json", c => c["channels"] = new JsonArray()),
            ("judge/config.json", c => c["image_size"] = 1),
            ("judge/config.json", c => c["objects"] = new JsonArray("church")),
        ];
        (string File, Action<Dictionary<string, Tensor>> Change)[] weights =
        [
            ("judge/model.safetensors", t => t["stem.weight"] = ones(8, 3, 3)),
            ("judge/model.safetensors", t => t["stem.bias"] = full(8, float.NaN)),
            ("judge/model.safetensors", t => t["stem.bias"] = ones(8, dtype: ScalarType.Int32)),
            ("judge/model.safetensors", t => t["stem.bias"] = tensor(1f)),
            ("clip/model.safetensors", t => t["logit_scale"] = ones(2)),
            ("clip/model.safetensors", t => t["logit_scale"] = tensor(float.PositiveInfinity)),
            ("clip/model.safetensors", t => t["text_projection.weight"] = ones(0, 4)),
        ];
        var kinds = new List<string>();
        foreach (var (file, change) in configs)
        {
            var content = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(whole, file)))!;
            change(content);
            await File.WriteAllTextAsync(Path.Combine(Copy(whole, $"{kinds.Count}"), file), content.ToJsonString());
            kinds.Add($"{file}: {content.ToJsonString()}");
        }

        foreach (var (file, change) in weights)
        {
            using var source = SafetensorsFile.Open(Path.Combine(whole, file));
            var tensors = source.Entries.Keys.ToDictionary(name => name, name => source.Read(name), StringComparer.Ordinal);
            change(tensors);
            SafetensorsWriter.Write(Path.Combine(Copy(whole, $"{kinds.Count}"), file), tensors.Select(t => (t.Key, t.Value)));
            kinds.Add(file);
        }

        string[][] commands = [.. kinds.Select((_, i) => (string[])["evaluate", "--model", At($"{i}"), "--image", picture])];
        ShouldAllBe(ExitCode.BadInput, kinds, await CommandLineBatch.RunAsync(commands, At("commands")));
    }

    [Fact]
    public async Task Evaluate_NetworksOfAnotherKind_AreRefused()
    {
        var whole = TinyModelFolder.Create(folder.FullName);
        var file = At("network.safetensors");
        SafetensorsWriter.Write(
            file, [("conv1.weight", ones(2, 2)), ("visual.conv1.weight", ones(2)), ("token_embedding.weight", tensor(1f)), ("features.0.weight", ones(0, 3))]);
        string[] options = ["--clip", "--inception", "--lpips", "--resnet", "--nudenet"];

        string[][] commands = [.. options.Select(option => (string[])["evaluate", "--model", whole, option, file])];
        ShouldAllBe(ExitCode.BadInput, options, await CommandLineBatch.RunAsync(commands, At("commands")));
    }

    private (long[] Shape, string Digest) WeightOfModel()
    {
        using var unet = Diffusion.Unet.UNet2DConditionModel.Load(Path.Combine(Model, "unet"));
        return (unet.named_parameters().Single(p => p.name == Weight).parameter.shape, WeightsDigest.Of(unet));
    }

    private async Task ShouldBeRefused(
        IReadOnlyList<Kind> kinds, Func<(Dictionary<string, Tensor> Tensors, Dictionary<string, string> Notes)> whole, Func<string, string[]> command)
    {
        var files = kinds.Select((kind, i) =>
        {
            var (tensors, notes) = whole();
            kind.Change(tensors, notes);
            var file = At($"{i}.safetensors");
            SafetensorsWriter.Write(file, tensors.Select(t => (t.Key, t.Value)), notes);
            return file;
        });
        var run = await CommandLineBatch.RunAsync(files.Select(command), At("commands"));

        foreach (var exit in kinds.Select(kind => kind.Exit).Distinct())
        {
            var of = kinds.Select((kind, i) => (kind, i)).Where(pair => pair.kind.Exit == exit && pair.i < run.Results.Count).ToList();
            ShouldAllBe(exit, [.. of.Select(pair => pair.kind.Name)], ([.. of.Select(pair => run.Results[pair.i])], run.ExitCode));
        }

        run.Results.Count.ShouldBe(kinds.Count);
    }

    private static void ShouldAllBe(int exit, IReadOnlyList<string> kinds, (IReadOnlyList<CommandLineResult> Results, int ExitCode) run)
    {
        run.ExitCode.ShouldBe(0, run.Results.Count < kinds.Count ? $"ended by {kinds[run.Results.Count]}" : null);
        kinds.Zip(run.Results)
            .Where(pair => !IsOneLine(pair.Second))
            .Select(pair => $"{pair.First}: {pair.Second.ExitCode} {pair.Second.Error}").ShouldBeEmpty();

        bool IsOneLine(CommandLineResult result) => result.ExitCode == exit
            && result.Error.StartsWith("portal: ", StringComparison.Ordinal) && !result.Error.Contains("   at ", StringComparison.Ordinal);
    }

    private string At(string name) => Path.Combine(folder.FullName, name);

    private string Copy(string source, string name)
    {
        var target = At(name);
        foreach (var file in Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories).Where(file => Path.GetFileName(file) != "io.safetensors"))
        {
            var copy = Path.Combine(target, Path.GetRelativePath(source, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }

        return target;
    }

    /// <param name="Change">Makes the whole file wrong.</param>
    /// <param name="Exit">A patch that is well-formed and of another model is a check that fails.</param>
    private sealed record Kind(string Name, Action<Dictionary<string, Tensor>, Dictionary<string, string>> Change, int Exit = ExitCode.BadInput);
}
