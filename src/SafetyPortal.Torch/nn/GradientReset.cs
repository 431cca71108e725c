using TorchSharp.Modules;

namespace TorchSharp;

/// <summary>Clears gradients, the same way for modules and optimizers.</summary>
internal static class GradientReset
{
    internal static void Clear(Parameter parameter, bool dropTensor)
    {
        if (parameter.IsInvalid)
            return;
        using var gradient = parameter.grad;
        if (gradient is null)
            return;
        if (dropTensor)
        {
            parameter.grad = null;
            return;
        }

        // A gradient made with create_graph has history; zeroing it in place must not be recorded.
        using var detached = gradient.detach();
        detached.zero_();
    }
}
