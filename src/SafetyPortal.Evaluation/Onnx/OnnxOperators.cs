using static TorchSharp.torch;

namespace SafetyPortal.Evaluation.Onnx;

/// <summary>The operators that are implemented, by name.</summary>
internal static class OnnxOperators
{
    public static IReadOnlyDictionary<string, Func<OnnxCall, Tensor[]>> All { get; } = new[] { OnnxArithmetic.Operators, OnnxWindows.Operators, OnnxShapes.Operators, OnnxReductions.Operators, OnnxResize.Operators }
        .SelectMany(o => o)
        .ToDictionary(o => o.Name, o => o.Run, StringComparer.Ordinal);
}
