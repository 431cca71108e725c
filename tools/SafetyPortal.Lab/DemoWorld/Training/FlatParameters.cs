using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafetyPortal.Lab.DemoWorld.Training;

/// <summary>A module's parameters seen as one vector, in the order of <c>named_parameters</c>.</summary>
public static class FlatParameters
{
    /// <summary>[P] float32 copy of all parameters.</summary>
    public static Tensor Gather(nn.Module module)
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        return cat([.. module.parameters().Select(p => p.detach().reshape(-1).to(ScalarType.Float32))], 0).MoveToOuterDisposeScope();
    }

    /// <summary>Writes [P] float32 into the parameters, rounding to their own type.</summary>
    public static void Scatter(nn.Module module, Tensor flat)
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var offset = 0L;
        foreach (var parameter in module.parameters())
        {
            var count = parameter.numel();
            parameter.copy_(flat.narrow(0, offset, count).reshape(parameter.shape));
            offset += count;
        }

        if (offset != flat.numel())
            throw new ArgumentException($"The module has {offset} parameters, the vector {flat.numel()}.", nameof(flat));
    }

    /// <summary>Moves all gradients into [P] float32 <paramref name="destination"/> and clears them; absent ones count as zero.</summary>
    public static void TakeGradients(IReadOnlyList<Parameter> parameters, Tensor destination)
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var offset = 0L;
        foreach (var parameter in parameters)
        {
            var count = parameter.numel();
            var target = destination.narrow(0, offset, count);
            if (parameter.grad is { } gradient)
                target.copy_(gradient.reshape(-1));
            else
                target.zero_();
            parameter.grad = null;
            offset += count;
        }
    }
}
