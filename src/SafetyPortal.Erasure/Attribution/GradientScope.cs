using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafetyPortal.Erasure.Attribution;

/// <summary>Requires gradients of some parameters of a module and of no others. Disposing clears gradients and restores the former settings.</summary>
internal sealed class GradientScope : IDisposable
{
    private readonly List<(Parameter Parameter, bool Required)> before;

    public GradientScope(nn.Module module, IEnumerable<Parameter> wanted)
    {
        before = module.parameters().Select(p => (p, p.requires_grad)).ToList();
        foreach (var (parameter, _) in before)
            parameter.requires_grad = false;
        foreach (var parameter in wanted)
            parameter.requires_grad = true;
    }

    public void Dispose()
    {
        foreach (var (parameter, required) in before)
        {
            parameter.grad = null;
            parameter.requires_grad = required;
        }
    }
}
