using SafetyPortal.Tests;

namespace SafetyPortal.Lab.Tests.DemoWorld;

/// <summary>Finds the committed artwork from wherever the tests run.</summary>
internal static class RepositoryFiles
{
    public static string Artwork { get; } = Path.GetFullPath(GoldenFolder.At("..", "..", "models", "demo-artwork"));
}
