using SafetyPortal.Diffusion.Checkpoints;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Clip;

/// <summary>The nonlinearity of CLIP's feed-forward layers.</summary>
public enum ClipActivation
{
    /// <summary>x * sigmoid(1.702 x), as OpenAI trained it.</summary>
    QuickGelu,

    /// <summary>Exact GELU, as OpenCLIP trained it.</summary>
    Gelu,
}

/// <summary>Names and formulas of <see cref="ClipActivation"/>.</summary>
internal static class ClipActivations
{
    private const double QuickGeluSlope = 1.702;

    public static ClipActivation Parse(ModelConfigFile file)
    {
        file.Support("hidden_act", "\"quick_gelu\"", "\"gelu\"");
        return string.Equals(file.Text("hidden_act", "quick_gelu"), "gelu", StringComparison.Ordinal) ? ClipActivation.Gelu : ClipActivation.QuickGelu;
    }

    public static string Name(this ClipActivation activation) => activation == ClipActivation.Gelu ? "gelu" : "quick_gelu";

    public static Tensor Apply(this ClipActivation activation, Tensor x)
    {
        if (activation == ClipActivation.Gelu)
            return nn.functional.gelu(x);
        using var scope = NewDisposeScope();
        return (x * (x * QuickGeluSlope).sigmoid()).MoveToOuterDisposeScope();
    }
}
