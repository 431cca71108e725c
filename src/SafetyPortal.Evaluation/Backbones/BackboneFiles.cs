using SafetyPortal.Diffusion.Safetensors;

namespace SafetyPortal.Evaluation.Backbones;

/// <summary>Opens the files of one network.</summary>
internal static class BackboneFiles
{
    /// <summary>Opens all files, calls <paramref name="load"/> and closes them.</summary>
    public static T With<T>(IReadOnlyList<string> paths, Func<IReadOnlyList<ITensorSource>, T> load)
    {
        var files = new List<SafetensorsFile>();
        try
        {
            foreach (var path in paths)
                files.Add(SafetensorsFile.Open(path));
            return load(files);
        }
        finally
        {
            files.ForEach(f => f.Dispose());
        }
    }
}
