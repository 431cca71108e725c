using SafetyPortal.Diffusion.Unet;
using static TorchSharp.torch;

namespace SafetyPortal.Lab.Parity;

/// <summary>Copies of what named modules inside a network put out in its last forward pass. Of several tensors the last one is kept.</summary>
internal sealed class ModuleOutputs : IDisposable
{
    private readonly Dictionary<string, Tensor> outputs = new(StringComparer.Ordinal);
    private readonly List<Action> removals = [];

    /// <summary>Starts recording; <see cref="Dispose"/> stops it and frees the copies.</summary>
    /// <param name="network">Any network of SafetyPortal.Diffusion.</param>
    /// <param name="names">Dotted names of its modules, as in the checkpoint.</param>
    public ModuleOutputs(nn.Module network, IReadOnlyCollection<string> names)
    {
        foreach (var (name, module) in network.named_modules().Where(m => names.Contains(m.name)).DistinctBy(m => m.name))
            Attach(module, name);
    }

    public Tensor this[string name] => outputs[name];

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
            _ => throw new ArgumentException(
                $"The module \"{name}\" is a {module.GetType().Name}, which is not called and has no output.",
                nameof(module)),
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
