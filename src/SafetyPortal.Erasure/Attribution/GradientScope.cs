using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafetyPortal.Erasure.Attribution;

/// <summary>Lets some parameters of a module alone require gradients, and restores the former settings when disposed.</summary>
internal sealed class GradientScope : IDisposable
{
    private readonly List<(Parameter Parameter, bool Required)> before;

    public GradientScope(nn.Module module, IEnumerable<Parameter> wanted)
    {
        before = module.parameters().Select(p => (p, p.requires_grad)).ToList();
        foreach (var (parameter, _) in before) parameter.requires_grad = false;
        foreach (var parameter in wanted) parameter.requires_grad = true;
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
