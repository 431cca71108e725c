using TorchSharp.Interop;
using static TorchSharp.torch;

namespace TorchSharp.Modules;

/// <summary>
/// The update of Adam (Kingma and Ba, 2015, algorithm 1) and AdamW (Loshchilov and Hutter, 2019, algorithm 2):
/// m = b1 m + (1 - b1) g, v = b2 v + (1 - b2) g^2, w = w - lr (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps).
/// </summary>
internal static class AdamStep
{
    /// <param name="parameter">Changed in place; left alone without a gradient.</param>
    /// <param name="state">Its running averages.</param>
    /// <param name="options">The group's options, all set.</param>
    /// <param name="decoupled">Shrink the weight itself (AdamW) rather than add it to the gradient (Adam).</param>
    internal static void Apply(Parameter parameter, AdamState state, AdamOptions options, bool decoupled)
    {
        if (TryFused(parameter, state, options, decoupled))
            return;
        var gradient = parameter.grad;
        if (gradient is null)
            return;
        var (beta1, beta2) = (options.beta1!.Value, options.beta2!.Value);
        var rate = options.LearningRate!.Value;
        var decay = options.weight_decay!.Value;
        state.step++;
        if (options.maximize!.Value)
            gradient = gradient.neg();
        if (decay != 0 && decoupled)
            parameter.mul_(1 - (rate * decay));
        else if (decay != 0)
            gradient = gradient.add(parameter, alpha: decay);

        state.exp_avg.mul_(beta1).add_(gradient, alpha: 1 - beta1);
        state.exp_avg_sq.mul_(beta2).addcmul_(gradient, gradient, 1 - beta2);
        var square = state.exp_avg_sq;
        if (state.max_exp_avg_sq is { } max)
            square = max.copy_(maximum(max, square));

        var correction1 = 1 - Math.Pow(beta1, state.step);
        var correction2 = 1 - Math.Pow(beta2, state.step);
        using var denominator = square.sqrt();
        denominator.div_(Math.Sqrt(correction2)).add_(options.eps!.Value);
        parameter.addcdiv_(state.exp_avg, denominator, -rate / correction1);
        gradient.Dispose();
    }

    // Dense float32 on the CPU without variants: one native pass. True also when there is no gradient and so nothing to do.
    private static bool TryFused(Parameter parameter, AdamState state, AdamOptions options, bool decoupled)
    {
        var decay = options.weight_decay!.Value;
        if (state.max_exp_avg_sq is not null || options.maximize!.Value || (decay != 0 && !decoupled))
            return false;
        var numbers = new NativeAdam(
            options.LearningRate!.Value, options.beta1!.Value, options.beta2!.Value, options.eps!.Value, decay, state.step + 1);
        NativeError.Check(
            NativeMethods.sp_adamw_step(parameter.handle, state.exp_avg.handle, state.exp_avg_sq.handle, numbers, out var outcome));
        if (outcome == 1)
            state.step++;
        return outcome != 2;
    }
}
