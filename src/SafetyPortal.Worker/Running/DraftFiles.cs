namespace SafetyPortal.Worker.Running;

/// <summary>
/// Files that native code writes before they are stored. They hold scores and weights, so they lie under the data folder, which is its owner's alone, and not in
/// the machine's temporary folder. Their names tell whose they are: what a dead process left is swept away.
/// </summary>
internal sealed class DraftFiles
{
    private const char Separator = '~';
    private const string Extension = ".safetensors";
    private readonly string folder;

    /// <param name="folder">Swept here and now of what dead processes left.</param>
    public DraftFiles(string folder)
    {
        this.folder = folder;
        foreach (var file in Directory.GetFiles(folder, $"*{Extension}"))
        {
            if (Path.GetFileNameWithoutExtension(file).Split(Separator) is [.. var owner, _] && WorkerIdentity.IsGone(string.Join('/', owner))) File.Delete(file);
        }
    }

    /// <summary>Path of a file that is not there yet.</summary>
    public string Next() => Path.Combine(folder, $"{WorkerIdentity.Current.Replace('/', Separator)}{Separator}{Guid.NewGuid():N}{Extension}");
}
