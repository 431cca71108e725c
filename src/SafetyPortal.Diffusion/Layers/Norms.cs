using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Layers;

/// <summary>Normalisation layers in their defined initial state: weight one, bias zero.</summary>
internal static class Norms
{
    // TorchSharp leaves a new GroupNorm's weight and bias uninitialised.
    public static GroupNorm Group(long groups, long channels, double eps, Device? device)
    {
        var norm = nn.GroupNorm(groups, channels, eps: eps, device: device);
        nn.init.ones_(norm.weight);
        nn.init.zeros_(norm.bias!);
        return norm;
    }

    public static LayerNorm Layer(long size, double eps, Device? device) => nn.LayerNorm([size], eps: eps, device: device);
}
