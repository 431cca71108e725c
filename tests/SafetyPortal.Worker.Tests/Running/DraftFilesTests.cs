using SafetyPortal.Worker.Running;

namespace SafetyPortal.Worker.Tests.Running;

public sealed class DraftFilesTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("drafts");

    public void Dispose() => folder.Delete(recursive: true);

    [Fact]
    public void Sweep_FilesOfADeadProcessAndOfThisOne_TakesThoseOfTheDeadOne()
    {
        var mine = new DraftFiles(folder.FullName).Next();
        var theirs = Path.Combine(folder.FullName, $"{Environment.MachineName}~{Environment.ProcessId}~another-boot.1~0123.safetensors");
        var foreign = Path.Combine(folder.FullName, "another-machine~1~boot.1~0123.safetensors");
        foreach (var file in new[] { mine, theirs, foreign })
            File.WriteAllText(file, "scores");

        _ = new DraftFiles(folder.FullName);

        Directory.GetFiles(folder.FullName).Order(StringComparer.Ordinal).ShouldBe(new[] { mine, foreign }.Order(StringComparer.Ordinal));
    }
}
