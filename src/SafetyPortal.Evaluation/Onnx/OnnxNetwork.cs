using System.Globalization;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using SafetyPortal.Diffusion;
using SafetyPortal.Diffusion.Inspection;
using static TorchSharp.torch;

namespace SafetyPortal.Evaluation.Onnx;

/// <summary>
/// An ONNX file is damaged, breaks a limit, or cannot run on the given picture. The message is fit for the person who supplied the file.
/// </summary>
public sealed class OnnxException(string message, Exception? inner = null) : ModelFormatException(message, inner!);

/// <summary>
/// A network that takes one picture and gives one tensor, from an ONNX file that ONNX Runtime runs on the CPU. The file is untrusted: its size,
/// memory, threads and time are limited, and it cannot open other files.
/// </summary>
public sealed class OnnxNetwork : IDisposable
{
    /// <summary>The largest file that is read.</summary>
    public const long MaxFileBytes = 512L << 20;

    /// <summary>The largest height and width of a picture.</summary>
    public const int MaxSide = 2048;

    // Weights and intermediate results of all networks together.
    private const uint ArenaBytes = 2U << 30;

    private static readonly TimeSpan DefaultTimeLimit = TimeSpan.FromMinutes(2);
    private static readonly Lazy<OrtEnv> Environment = new(CreateEnvironment);

    private readonly InferenceSession session;
    private readonly TimeSpan timeLimit;
    private readonly string input;
    private readonly string output;

    private OnnxNetwork(InferenceSession session, TimeSpan timeLimit)
    {
        (this.session, this.timeLimit) = (session, timeLimit);
        (input, var shape) = Port("input", session.InputMetadata);
        (output, _) = Port("output", session.OutputMetadata);
        if (shape is not [<= 1, 3, <= MaxSide, <= MaxSide])
            throw new OnnxException($"expected an input [1, 3, height, width] of at most {MaxSide} a side, got {input} {Shape(shape)}");
        (Height, Width) = (Size(shape[2]), Size(shape[3]));
        static int? Size(int size) => size > 0 ? size : null;
    }

    /// <summary>Height of the picture; null where the file leaves it open.</summary>
    public int? Height { get; }

    /// <summary>Width of the picture; null where the file leaves it open.</summary>
    public int? Width { get; }

    /// <summary>The exporter's notes in the file, by name.</summary>
    public IReadOnlyDictionary<string, string> Metadata => session.ModelMetadata.CustomMetadataMap;

    /// <summary>Reads a file.</summary>
    /// <exception cref="ModelFormatException">The file is missing, too large or damaged, or holds another kind of network.</exception>
    public static OnnxNetwork Load(string path)
    {
        var model = RegularFile.ReadAllBytes(path, MaxFileBytes);
        try
        {
            return Parse(model);
        }
        catch (OnnxException e)
        {
            throw new OnnxException($"{path}: {e.Message}", e);
        }
    }

    /// <summary>Reads a network from memory.</summary>
    /// <param name="model">The bytes of an ONNX file.</param>
    /// <param name="timeLimit">How long loading may take, and each picture; null is two minutes.</param>
    /// <exception cref="OnnxException">The bytes are damaged or hold another kind of network.</exception>
    public static OnnxNetwork Parse(byte[] model, TimeSpan? timeLimit = null)
    {
        OnnxExternalData.Refuse(model);
        _ = Environment.Value;
        var limit = timeLimit ?? DefaultTimeLimit;
        using var options = Options();
        using var time = new CancellationTokenSource(limit);
        InferenceSession? session = null;
        try
        {
            using (time.Token.Register(() => options.SetLoadCancellationFlag(true)))
                session = new InferenceSession(model, options);
            return new(session, limit);
        }
        catch (Exception e)
        {
            session?.Dispose();
            throw Refusal(e, time, limit);
        }
    }

    /// <summary>Runs the network on one picture.</summary>
    /// <param name="pixels">[3, height, width], row by row.</param>
    /// <param name="cancellation">Stops the network between two operations.</param>
    /// <returns>The output and its shape.</returns>
    /// <exception cref="OnnxException">The network takes another size, fails, runs too long, or gives numbers that are not finite.</exception>
    public (float[] Values, long[] Shape) Run(float[] pixels, int height, int width, CancellationToken cancellation = default)
    {
        var isFixed = (Height ?? height) == height && (Width ?? width) == width;
        if (!isFixed || height is < 1 or > MaxSide || width is < 1 or > MaxSide || pixels.Length != 3 * height * width)
        {
            throw new OnnxException(
                $"expected pixels {Shape([3, Height ?? -1, Width ?? -1])} of at most {MaxSide} a side, got {pixels.Length} for [3, {height}, {width}]");
        }

        cancellation.ThrowIfCancellationRequested();
        using var time = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using var options = new RunOptions { LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };
        try
        {
            using var picture = OrtValue.CreateTensorValueFromMemory(pixels, [1, 3, height, width]);
            using var stop = time.Token.Register(() => options.Terminate = true);
            time.CancelAfter(timeLimit);
            using var results = session.Run(options, [input], [picture], [output]);
            var (values, shape) = (results[0].GetTensorDataAsSpan<float>().ToArray(), results[0].GetTensorTypeAndShape().Shape);
            return Array.TrueForAll(values, float.IsFinite)
                ? (values, shape)
                : throw new OnnxException($"expected finite numbers, got NaN or infinity in {output}");
        }
        catch (Exception e)
        {
            cancellation.ThrowIfCancellationRequested();
            throw Refusal(e, time, timeLimit);
        }
    }

    public void Dispose() => session.Dispose();

    private static OrtEnv CreateEnvironment()
    {
        var creation = new EnvironmentCreationOptions { logId = "detector", logLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };
        var environment = OrtEnv.CreateInstanceWithOptions(ref creation);
        using var memory = new OrtMemoryInfo(OrtMemoryInfo.allocatorCPU, OrtAllocatorType.ArenaAllocator, 0, OrtMemType.Default);
        using var arena = new OrtArenaCfg(ArenaBytes, arenaExtendStrategy: -1, initialChunkSizeBytes: -1, maxDeadBytesPerChunk: -1);
        environment.CreateAndRegisterAllocator(memory, arena);
        return environment;
    }

    private static SessionOptions Options()
    {
        var options = new SessionOptions
        {
            IntraOpNumThreads = get_num_threads(),
            InterOpNumThreads = 1,
            ExecutionMode = ExecutionMode.ORT_SEQUENTIAL,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL,
        };
        options.AddSessionConfigEntry("session.load_model_format", "ONNX"); // never the format of flat buffers, which OnnxExternalData does not know
        options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
        options.AddSessionConfigEntry("session.use_env_allocators", "1");
        options.AddSessionConfigEntry("optimization.disable_specified_optimizers", "ConstantFolding"); // it computes while loading, outside the arena
        return options;
    }

    private static (string Name, int[] Shape) Port(string kind, IReadOnlyDictionary<string, NodeMetadata> ports)
    {
        if (ports.Count != 1)
            throw new OnnxException($"expected one {kind}, got {ports.Count}: {string.Join(", ", ports.Keys)}");
        var (name, port) = ports.First();
        if (!port.IsTensor || port.ElementDataType != TensorElementType.Float)
            throw new OnnxException($"expected the {kind} {name} in 32-bit floats, got {(port.IsTensor ? port.ElementDataType : port.OnnxValueType)}");
        return (name, port.Dimensions);
    }

    private static string Shape(IEnumerable<int> sizes) =>
        $"[{string.Join(", ", sizes.Select(size => size < 0 ? "any" : size.ToString(CultureInfo.InvariantCulture)))}]";

    // ONNX Runtime puts a code before the reason, and lines about its own source behind it.
    private static OnnxException Refusal(Exception e, CancellationTokenSource time, TimeSpan limit) => e switch
    {
        OnnxException own => own,
        _ when time.IsCancellationRequested => new($"expected to finish within {limit.TotalSeconds:0.#} seconds, stopped it then", e),
        _ => new($"expected a network that ONNX Runtime can run, it says: {e.Message.Split('\n')[0].Trim()}", e),
    };
}
