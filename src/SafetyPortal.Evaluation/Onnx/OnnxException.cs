using SafetyPortal.Diffusion;

namespace SafetyPortal.Evaluation.Onnx;

/// <summary>An ONNX file is damaged, asks for what is not supported, or cannot be run on the given input; fit to be shown to who supplied it.</summary>
public sealed class OnnxException(string message, Exception? inner = null) : ModelFormatException(message, inner!);
