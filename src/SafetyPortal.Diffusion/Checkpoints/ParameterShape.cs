using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Checkpoints;

/// <summary>Name and shape of one trainable tensor of a network, as its checkpoint has them.</summary>
public readonly record struct ParameterShape(string Name, IReadOnlyList<long> Shape)
{
    public long Elements => Shape.Aggregate(1L, (count, size) => count * size);

    /// <summary>
    /// Returns the parameters of a network in checkpoint order. The network is built on libtorch's meta device, where values take no memory.
    /// </summary>
    /// <param name="build">Builds the network on the device it is given.</param>
    internal static IReadOnlyList<ParameterShape> Of(Func<Device, nn.Module> build)
    {
        using var scope = NewDisposeScope();
        using var module = build(new Device(DeviceType.META));
        return [.. module.named_parameters().Select(p => new ParameterShape(p.name, p.parameter.shape))];
    }

    public override string ToString() => $"{Name} [{string.Join(", ", Shape)}]";
}
