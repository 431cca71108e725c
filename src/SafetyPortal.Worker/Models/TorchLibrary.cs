namespace SafetyPortal.Worker.Models;

/// <summary>Which tensor library computes; part of the evidence, since another version may round differently.</summary>
public static class TorchLibrary
{
    /// <summary>Name and version of the managed library.</summary>
    public static string Version { get; } = Describe();

    private static string Describe()
    {
        var assembly = typeof(TorchSharp.torch).Assembly.GetName();
        return $"{assembly.Name} {assembly.Version?.ToString(3)}";
    }
}
