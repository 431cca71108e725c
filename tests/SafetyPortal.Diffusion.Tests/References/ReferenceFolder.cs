using SafetyPortal.Tests;

namespace SafetyPortal.Diffusion.Tests.References;

/// <summary>The small models in this folder and the results of diffusers v0.30.3 for them, see make_references.py.</summary>
internal static class ReferenceFolder
{
    public static string At(params string[] parts) =>
        Path.GetFullPath(Path.Combine([GoldenFolder.At(), "..", "SafetyPortal.Diffusion.Tests", "References", .. parts]));
}
