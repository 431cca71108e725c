using SafetyPortal.Diffusion;

namespace SafetyPortal.Evaluation.Onnx;

/// <summary>An ONNX file is damaged, breaks a limit, or cannot run on the given picture. The message is fit for the person who supplied the file.</summary>
public sealed class OnnxException(string message, Exception? inner = null) : ModelFormatException(message, inner!);
