namespace SafetyPortal.Worker.Models;

/// <summary>Which tensor library computes; part of the evidence, since another version may round differently.</summary>
public static class TorchLibrary
{
    /// <summary>Version of libtorch, and the assembly that binds it.</summary>
    public static string Version { get; } = $"{TorchSharp.torch.__version__} ({typeof(TorchSharp.torch).Assembly.GetName().Name})";
}
