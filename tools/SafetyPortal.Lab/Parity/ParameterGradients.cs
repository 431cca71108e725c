using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafetyPortal.Lab.Parity;

/// <summary>The gradients that backward passes leave on all parameters of a network; cleared at both ends.</summary>
internal sealed class ParameterGradients : IDisposable
{
    private readonly Dictionary<string, Parameter> parameters;

    public ParameterGradients(nn.Module module)
    {
        parameters = module.named_parameters().ToDictionary(p => p.name, p => p.parameter, StringComparer.Ordinal);
        foreach (var parameter in parameters.Values)
            parameter.requires_grad = true;
        Clear();
    }

    /// <summary>The accumulated gradient of one parameter.</summary>
    /// <exception cref="KeyNotFoundException">The network has no such parameter, or nothing depends on it.</exception>
    public Tensor this[string name] => parameters.TryGetValue(name, out var parameter) && parameter.grad is { } gradient
        ? gradient
        : throw new KeyNotFoundException($"No gradient for a parameter named {name}.");

    public Parameter Parameter(string name) => parameters[name];

    public IReadOnlyCollection<string> Names => parameters.Keys;

    /// <summary>A copy of what has accumulated so far; zeros where nothing has.</summary>
    public Tensor Copy(string name) => parameters[name].grad is { } gradient ? gradient.clone() : zeros_like(parameters[name]);

    /// <summary>Forgets all gradients.</summary>
    public void Clear()
    {
        foreach (var parameter in parameters.Values)
            parameter.grad = null;
    }

    public void Dispose() => Clear();
}
