using System.Runtime.CompilerServices;
using SafetyPortal.Diffusion.Runtime;

namespace SafetyPortal.Tests;

/// <summary>Tests call TorchSharp directly, so libtorch is loaded before the first of them.</summary>
internal static class LoadLibtorch
{
    [ModuleInitializer]
    internal static void Load() => Libtorch.Load();
}
