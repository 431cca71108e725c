using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace SafetyPortal.Diffusion.Runtime;

/// <summary>
/// Loads libtorch and TorchSharp's native part, and names what was loaded. Two copies of libtorch in one process abort it, so this happens as soon
/// as the runtime loads TorchSharp's assembly, before any of its code looks for libtorch.
/// </summary>
public static unsafe class Libtorch
{
    /// <summary>Environment variable with the folder of another libtorch, for example that of a Python install with CUDA.</summary>
    public const string Variable = "SAFETYPORTAL_LIBTORCH";

    /// <summary>Environment variable that decides how OpenMP's threads wait for work; see <see cref="LibtorchEnvironment"/>.</summary>
    public const string WaitVariable = LibtorchEnvironment.WaitVariable;

    private const string Binding = "libLibTorchSharp.so";

    private static readonly Lazy<string> Loaded = new(LoadOnce);

    /// <summary>
    /// Version and processor kernels of the loaded libtorch, for example "2.10.0, AVX512 kernels". Evidence holds it, since another may round
    /// differently.
    /// </summary>
    public static string Description => $"{Version}, {Kernels} kernels";

    /// <summary>Version that the loaded libtorch gives for itself.</summary>
    public static string Version
    {
        get
        {
            // libtorch's stable C interface packs major, minor and patch into the top three bytes.
            if (Export("aoti_torch_abi_version") is not { } address)
                return "of unknown version";
            var packed = ((delegate* unmanaged<ulong>)address)();
            return $"{packed >> 56}.{(packed >> 48) & 0xff}.{(packed >> 40) & 0xff}";
        }
    }

    /// <summary>Instruction set of the kernels that libtorch chose for this processor, for example AVX512.</summary>
    public static string Kernels
    {
        get
        {
            // at::get_cpu_capability() returns a std::string through a pointer to 32 bytes: data, length, and up to 15 characters.
            if (Export("_ZN2at18get_cpu_capabilityB5cxx11Ev") is not { } address)
                return "unknown";
            var text = stackalloc nint[4];
            ((delegate* unmanaged<nint*, nint*>)address)(text);
            return text[1] is > 0 and < 16 ? Encoding.ASCII.GetString((byte*)text[0], (int)text[1]) : "unknown";
        }
    }

    /// <summary>Loads the libraries, once per process.</summary>
    /// <returns>The folder of the loaded libtorch.</returns>
    /// <exception cref="DllNotFoundException">libtorch is missing or cannot be loaded; the message names the expected place.</exception>
    public static string Load() => Loaded.Value;

#pragma warning disable CA2255 // libtorch must be loaded before any caller runs.
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void LoadBeforeTorchSharp() => AppDomain.CurrentDomain.AssemblyLoad += (_, loaded) =>
    {
        if (loaded.LoadedAssembly.GetName().Name == "TorchSharp")
            Load();
    };

    private static string LoadOnce()
    {
        var packaged = Candidates().FirstOrDefault(folder => File.Exists(Path.Combine(folder, Binding)))
            ?? throw new DllNotFoundException($"Expected {Binding} in one of: {string.Join(", ", Candidates())}. Build the solution again.");
        var named = Environment.GetEnvironmentVariable(Variable);
        var folder = string.IsNullOrEmpty(named) ? packaged : Path.GetFullPath(named);
        if (!File.Exists(Path.Combine(folder, "libtorch.so")))
            throw new DllNotFoundException($"Expected libtorch.so in {folder}. Set {Variable} to a folder that has one, or build the solution again.");
        LibtorchEnvironment.Choose();
        // A CUDA build registers its kernels when libtorch_cuda.so is loaded; libtorch.so alone does not always ask for it.
        foreach (var library in (string[])["libtorch.so", "libtorch_cuda.so"])
        {
            if (File.Exists(Path.Combine(folder, library)))
                LoadFile(Path.Combine(folder, library));
        }

        LoadFile(Path.Combine(packaged, Binding));
        return folder;
    }

    // The build keeps one copy per checkout in artifacts/libtorch; a published program has its own. Packages that copy their libraries
    // next to the program, such as TorchSharp-cuda-linux, are found in the folders that the runtime itself searches.
    private static IEnumerable<string> Candidates() =>
    [
        Path.Combine(AppContext.BaseDirectory, "libtorch"),
        Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "..", "..", "libtorch")),
        .. (AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") as string ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries),
    ];

    private static void LoadFile(string path)
    {
        try
        {
            NativeLibrary.Load(path);
        }
        catch (DllNotFoundException error)
        {
            throw new DllNotFoundException($"{path} could not be loaded. The loader said: {error.Message}", error);
        }
    }

    private static nint? Export(string name) =>
        NativeLibrary.TryGetExport(NativeLibrary.Load(Path.Combine(Load(), "libtorch_cpu.so")), name, out var address) ? address : null;
}
