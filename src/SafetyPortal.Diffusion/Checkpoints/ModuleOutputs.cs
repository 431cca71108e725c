using SafetyPortal.Diffusion.Unet;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Checkpoints;

/// <summary>
/// Copies of what named modules inside a network put out in its last forward pass, for comparing a network with its reference layer by
/// layer. Where a module puts out several tensors, the last one is kept.
/// </summary>
public sealed class ModuleOutputs : IDisposable
{
    private readonly Dictionary<string, Tensor> outputs = new(StringComparer.Ordinal);
    private readonly List<Action> removals = [];

    private ModuleOutputs()
    {
    }

    /// <summary>What has been recorded so far, by module name.</summary>
    public IReadOnlyDictionary<string, Tensor> Outputs => outputs;

    /// <summary>Starts recording; <see cref="Dispose"/> stops and frees the copies.</summary>
    /// <param name="network">Any network of this assembly.</param>
    /// <param name="names">Dotted module names, as in the checkpoint.</param>
    /// <exception cref="ArgumentException">The network has no module of that name.</exception>
    public static ModuleOutputs Record(nn.Module network, IEnumerable<string> names)
    {
        var modules = new Dictionary<string, nn.Module>(StringComparer.Ordinal);
        foreach (var (name, module) in network.named_modules())
            modules.TryAdd(name, module);
        var recorder = new ModuleOutputs();
        foreach (var name in names)
        {
            if (!modules.TryGetValue(name, out var module))
                throw new ArgumentException($"{network.GetName()} has no module named \"{name}\".", nameof(names));
            recorder.Attach(module, name);
        }

        return recorder;
    }

    public void Dispose()
    {
        foreach (var remove in removals)
            remove();
        foreach (var output in outputs.Values)
            output.Dispose();
    }

    private void Attach(nn.Module module, string name)
    {
        removals.Add(module switch
        {
            nn.Module<Tensor, Tensor> m => m.register_forward_hook((_, _, y) => Keep(name, y)).remove,
            nn.Module<Tensor, Tensor, Tensor> m => m.register_forward_hook((_, _, _, y) => Keep(name, y)).remove,
            nn.Module<Tensor, long[], Tensor> m => m.register_forward_hook((_, _, _, y) => Keep(name, y)).remove,
            nn.Module<Tensor, Tensor, Tensor, Tensor> m => m.register_forward_hook((_, _, _, _, y) => Keep(name, y)).remove,
            nn.Module<Tensor, Conditioning, Tensor> m => m.register_forward_hook((_, _, _, y) => Keep(name, y)).remove,
            nn.Module<Tensor, Stack<Tensor>, Conditioning, Tensor> m => m.register_forward_hook((_, _, _, _, y) => Keep(name, y)).remove,
            nn.Module<Tensor, Conditioning, Tensor[]> m => m.register_forward_hook((_, _, _, y) =>
            {
                Keep(name, y[^1]);
                return y;
            }).remove,
            _ => throw new ArgumentException($"The module \"{name}\" is a {module.GetType().Name}, which is not called and so puts out nothing.", nameof(module)),
        });
    }

    private Tensor Keep(string name, Tensor output)
    {
        if (outputs.Remove(name, out var earlier))
            earlier.Dispose();
        using var detached = output.detach();
        outputs.Add(name, detached.clone().DetachFromDisposeScope());
        return output;
    }
}
