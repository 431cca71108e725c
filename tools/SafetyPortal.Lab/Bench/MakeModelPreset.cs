using System.Reflection;
using SafetyPortal.Diffusion.Checkpoints;

namespace SafetyPortal.Lab.Bench;

/// <summary>
/// The configuration files of a model folder: those of a published model, or of a smaller one for quick measurements. They are kept as
/// files under <c>Bench/Presets</c>, laid out as in the folder.
/// </summary>
/// <param name="Name">As the command line names it.</param>
/// <param name="Files">Content by path relative to the model folder, such as <c>unet/config.json</c>.</param>
internal sealed record MakeModelPreset(string Name, IReadOnlyDictionary<string, byte[]> Files)
{
    private const string Root = "presets/";

    public static IReadOnlyList<string> Names { get; } =
    [
        .. Assembly.GetExecutingAssembly().GetManifestResourceNames()
            .Where(name => name.StartsWith(Root, StringComparison.Ordinal))
            .Select(name => name.Split('/')[1]).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal),
    ];

    /// <summary>Published files whose autoencoder still has the attention names of the first diffusers releases.</summary>
    public bool OldAutoencoderNames => Name.StartsWith("sd1", StringComparison.Ordinal) || Name.StartsWith("sd2", StringComparison.Ordinal);

    public static MakeModelPreset Read(string name)
    {
        var assembly = Assembly.GetExecutingAssembly();
        var prefix = $"{Root}{name}/";
        var files = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        foreach (var resource in assembly.GetManifestResourceNames().Where(r => r.StartsWith(prefix, StringComparison.Ordinal)))
        {
            using var stream = assembly.GetManifestResourceStream(resource)!;
            var content = new byte[stream.Length];
            stream.ReadExactly(content);
            files.Add(resource[prefix.Length..], content);
        }

        return new MakeModelPreset(name, files);
    }

    /// <summary>The configuration of one part, or null if the model has no such part.</summary>
    public ModelConfigFile? Config(string part) =>
        Files.TryGetValue($"{part}/config.json", out var content) ? ModelConfigFile.Parse(content, $"{Name}/{part}/config.json") : null;
}
