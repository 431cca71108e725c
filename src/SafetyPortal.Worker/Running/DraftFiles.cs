namespace SafetyPortal.Worker.Running;

/// <summary>
/// Files that a stage writes before the worker stores them. They hold scores and weights, so they are in the data folder, which only its owner can read.
/// Their names hold the process that writes them.
/// </summary>
internal sealed class DraftFiles
{
    private const char Separator = '~';
    private const string Extension = ".safetensors";
    private readonly string folder;

    /// <summary>Removes the files that ended processes left in the folder.</summary>
    public DraftFiles(string folder)
    {
        this.folder = folder;
        foreach (var file in Directory.GetFiles(folder, $"*{Extension}"))
        {
            if (Path.GetFileNameWithoutExtension(file).Split(Separator) is [.. var owner, _] && WorkerIdentity.IsGone(string.Join('/', owner)))
                File.Delete(file);
        }
    }

    /// <summary>Returns the path of a new file.</summary>
    public string Next() => Path.Combine(folder, $"{WorkerIdentity.Current.Replace('/', Separator)}{Separator}{Guid.NewGuid():N}{Extension}");
}
