using SafetyPortal.Diffusion.Safetensors;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Checkpoints;

/// <summary>Fills networks from safetensors checkpoints.</summary>
public static class ModuleWeights
{
    /// <summary>
    /// Builds a network and fills it from a checkpoint. Names and shapes are compared before memory is allocated, so a configuration with wrong
    /// sizes costs nothing.
    /// </summary>
    /// <param name="build">Builds the network on the device it is given.</param>
    /// <param name="device">Where the network goes; null is the CPU.</param>
    /// <param name="dtype">The type it computes in.</param>
    /// <param name="rename">From a checkpoint's name to the network's; null leaves a tensor out.</param>
    /// <exception cref="ModelFormatException">A tensor is missing, unexpected or misshapen, or holds NaN or infinity.</exception>
    public static T Load<T>(Func<Device, T> build, ITensorSource source, Device? device, ScalarType dtype, Func<string, string?>? rename = null)
        where T : nn.Module
    {
        var comparison = WeightComparison.Of(ParameterShape.Of(build), source, rename);
        comparison.RequireMatch();
        // TorchSharp's convolutions leave a copy of their first weights behind; the scope frees it.
        using var scope = NewDisposeScope();
        var module = build(CPU);
        try
        {
            if (dtype != ScalarType.Float32)
                module.to(dtype);
            Fill(module, source, comparison.Names);
            if (device is not null && device.type != DeviceType.CPU)
                module.to(device);
            module.Keep();
            module.eval();
            return module;
        }
        catch
        {
            module.Dispose();
            throw;
        }
    }

    /// <summary>Takes a network's parameters and buffers out of the open dispose scope, so that they live until the network is disposed.</summary>
    public static T Keep<T>(this T module)
        where T : nn.Module
    {
        foreach (var tensor in module.parameters().Concat(module.buffers()))
            tensor.DetachFromDisposeScope();
        return module;
    }

    private static void Fill(nn.Module module, ITensorSource source, IReadOnlyDictionary<string, string> names)
    {
        using var gradients = no_grad();
        foreach (var (name, parameter) in module.named_parameters())
        {
            using var scope = NewDisposeScope();
            var value = source.Read(names[name]);
            if (!value.isfinite().all().ToBoolean())
                throw new ModelFormatException($"{source.Location}: tensor \"{names[name]}\" holds NaN or infinity");
            parameter.copy_(value);
        }
    }
}
