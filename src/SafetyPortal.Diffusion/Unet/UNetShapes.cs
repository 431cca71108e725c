using SafetyPortal.Diffusion.Layers;

namespace SafetyPortal.Diffusion.Unet;

/// <summary>Sizes of the layers that a <see cref="UNetConfig"/> implies.</summary>
internal static class UNetShapes
{
    public static ResnetShape Resnet(UNetConfig config, int input, int output) =>
        new(input, output, config.TimeChannels, config.NormNumGroups, config.NormEps);

    /// <param name="config">The network.</param>
    /// <param name="block">Counted from full resolution down, on both paths.</param>
    public static TransformerShape Transformer(UNetConfig config, int block) => new(
        config.BlockOutChannels[block],
        config.CrossAttentionDim[block],
        config.AttentionHeads[block],
        config.TransformerLayersPerBlock[block],
        config.NormNumGroups,
        config.UseLinearProjection,
        config.UpcastAttention);
}
