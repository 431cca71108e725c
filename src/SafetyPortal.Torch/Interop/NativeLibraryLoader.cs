using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace TorchSharp.Interop;

/// <summary>
/// Finds the shim beside the assembly when the first tensor is made, not before: libtorch takes about a second to load.
/// </summary>
internal static class NativeLibraryLoader
{
    internal const string Name = "safetyportal_torch";
    private const string AptLine = "apt-get install libtorch-dev libvips-dev cmake g++ ninja-build libopenblas0-pthread";

#pragma warning disable CA2255 // A library that P/Invokes needs its resolver before the first call, whoever makes it.
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void Register() => NativeLibrary.SetDllImportResolver(typeof(NativeLibraryLoader).Assembly, Resolve);

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? searchPath)
    {
        if (!string.Equals(name, Name, StringComparison.Ordinal))
            return 0;

        var folder = Path.GetDirectoryName(assembly.Location) is { Length: > 0 } beside ? beside : AppContext.BaseDirectory;
        var path = Path.Combine(folder, $"lib{Name}.so");
        if (!File.Exists(path))
            throw new DllNotFoundException($"The libtorch shim is missing: expected {path}. Build the solution on this machine, with {AptLine}.");
        try
        {
            OpenBlasKernels.Choose();
            OpenMpWaiting.Choose();
            return NativeLibrary.Load(path);
        }
        catch (DllNotFoundException error)
        {
            throw new DllNotFoundException($"{path} could not be loaded, so libtorch is probably not installed: {AptLine}. The loader said: {error.Message}", error);
        }
    }
}
