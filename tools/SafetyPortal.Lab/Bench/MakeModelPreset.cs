using System.Reflection;
using SafetyPortal.Diffusion.Checkpoints;

namespace SafetyPortal.Lab.Bench;

/// <summary>
/// The configuration files of a model folder: those of a published model, or of a smaller one for quick measurements. <c>Bench/Presets</c> holds
/// them, laid out as in the folder.
/// </summary>
/// <param name="Name">As the command line names it.</param>
/// <param name="Files">Content by path relative to the model folder, such as <c>unet/config.json</c>.</param>
internal sealed record MakeModelPreset(string Name, IReadOnlyDictionary<string, byte[]> Files)
{
    private const string Root = "presets/";

    // A preset has the files of its base, but those with files of its own.
    private static readonly Dictionary<string, string> Bases = new(StringComparer.Ordinal)
    {
        ["sd15"] = "sd14", // as published they differ in notes of versions alone
        ["sd21-v"] = "sd21",
        ["tiny"] = "small",
    };

    private static readonly string[] Resources = Assembly.GetExecutingAssembly().GetManifestResourceNames();

    public static IReadOnlyList<string> Names { get; } =
    [
        .. Resources.Where(name => name.StartsWith(Root, StringComparison.Ordinal)).Select(name => name.Split('/')[1]).Union(Bases.Keys)
            .Order(StringComparer.Ordinal),
    ];

    /// <summary>Published files whose autoencoder still has the attention names of the first diffusers releases.</summary>
    public bool OldAutoencoderNames => Name.StartsWith("sd1", StringComparison.Ordinal) || Name.StartsWith("sd2", StringComparison.Ordinal);

    public static MakeModelPreset Read(string name)
    {
        var files = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        foreach (var source in (string?[])[Bases.GetValueOrDefault(name), name])
        {
            var prefix = $"{Root}{source}/";
            foreach (var resource in Resources.Where(r => r.StartsWith(prefix, StringComparison.Ordinal)))
            {
                using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(resource)!;
                var content = new byte[stream.Length];
                stream.ReadExactly(content);
                files[resource[prefix.Length..]] = content;
            }
        }

        return new MakeModelPreset(name, files);
    }

    /// <summary>The configuration of one part, or null if the model has no such part.</summary>
    public ModelConfigFile? Config(string part) =>
        Files.TryGetValue($"{part}/config.json", out var content) ? ModelConfigFile.Parse(content, $"{Name}/{part}/config.json") : null;
}
