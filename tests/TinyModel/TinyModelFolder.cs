using SafetyPortal.Evaluation.Detection;
using static TorchSharp.torch;

namespace SafetyPortal.Tests;

/// <summary>
/// A whole model folder for tests: the tiny pipeline and CLIP of tests/goldens, a judge with random weights, and a few prompts. Its images
/// show nothing, which does not matter to tests of how runs are carried out.
/// </summary>
internal static class TinyModelFolder
{
    public const string Name = "tiny";

    private static readonly string[] Objects = ["church", "house", "dog"];
    private static readonly Lock Generating = new();

    /// <summary>Makes the folder "tiny" under <paramref name="root"/>; the same every time.</summary>
    public static string Create(string root)
    {
        var folder = Path.Combine(root, Name);
        Copy(GoldenFolder.At("pipeline"), folder);
        Copy(GoldenFolder.At("03_clip_full"), Path.Combine(folder, "clip"));
        // The process has one default generator: two tests at once would share its draws.
        lock (Generating)
        {
            manual_seed(11);
            using var judge = new ConceptClassifier(new ConceptClassifierConfig
            {
                Objects = [.. Objects, "nude mannequin", ConceptClassifierConfig.Unrecognisable],
                Styles = ["noto", "sketch", "none"],
                ImageSize = 16,
                Channels = [8, 8],
            });
            judge.Save(Path.Combine(folder, "judge"));
        }

        var prompts = Directory.CreateDirectory(Path.Combine(folder, "prompts")).FullName;
        File.WriteAllLines(Path.Combine(prompts, "objects.csv"), Objects
            .SelectMany((name, i) => Enumerable.Range(0, 2).Select(seed => $"a picture of a {name},{(10 * i) + seed},{name},{(seed == 0 ? "noto" : "sketch")}"))
            .Prepend("prompt,evaluation_seed,class,style"));
        return folder;
    }

    private static void Copy(string from, string to)
    {
        foreach (var file in Directory.GetFiles(from, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }
}
