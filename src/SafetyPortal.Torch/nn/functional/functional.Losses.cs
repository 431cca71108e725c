using static TorchSharp.Interop.NativeError;
using static TorchSharp.Interop.NativeMethods;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        public static partial class functional
        {
            /// <summary>(input - target)^2; both of one shape.</summary>
            public static Tensor mse_loss(Tensor input, Tensor target, Reduction reduction = Reduction.Mean) =>
                Result(sp_mse_loss(input.handle, target.handle, (int)reduction, out var result), result);

            /// <summary>|input - target|.</summary>
            public static Tensor l1_loss(Tensor input, Tensor target, Reduction reduction = Reduction.Mean) =>
                Result(sp_l1_loss(input.handle, target.handle, (int)reduction, out var result), result);

            public static Tensor smooth_l1_loss(Tensor input, Tensor target, Reduction reduction = Reduction.Mean, double beta = 1) =>
                Result(sp_smooth_l1_loss(input.handle, target.handle, (int)reduction, beta, out var result), result);

            public static Tensor huber_loss(Tensor input, Tensor target, double delta = 1, Reduction reduction = Reduction.Mean) =>
                Result(sp_huber_loss(input.handle, target.handle, (int)reduction, delta, out var result), result);

            /// <summary>Kullback-Leibler divergence of the input from the target.</summary>
            /// <param name="input">Log probabilities.</param>
            /// <param name="target">Probabilities, or their logarithms.</param>
            /// <param name="log_target">Which of the two the target holds.</param>
            /// <param name="reduction">How elements are summed up.</param>
            public static Tensor kl_div(Tensor input, Tensor target, bool log_target = true, Reduction reduction = Reduction.Mean) =>
                Result(sp_kl_div(input.handle, target.handle, (int)reduction, Flag(log_target), out var result), result);

            /// <summary>Negative log likelihood of the target under softmax(input).</summary>
            /// <param name="input">Logits [B, C, ...].</param>
            /// <param name="target">Class numbers [B, ...] (int64), or probabilities of the input's shape.</param>
            /// <param name="weight">[C] or null.</param>
            /// <param name="ignore_index">A class number that does not count.</param>
            /// <param name="reduction">How elements are summed up.</param>
            /// <param name="label_smoothing">Share of the target spread over all classes, 0..1.</param>
            public static Tensor cross_entropy(
                Tensor input, Tensor target, Tensor? weight = null, long ignore_index = -100, Reduction reduction = Reduction.Mean,
                double label_smoothing = 0) =>
                Result(
                    sp_cross_entropy(input.handle, target.handle, Optional(weight), (int)reduction, ignore_index, label_smoothing, out var result), result);

            /// <summary>Like <see cref="cross_entropy"/> for log probabilities.</summary>
            public static Tensor nll_loss(Tensor input, Tensor target, Tensor? weight = null, Reduction reduction = Reduction.Mean) =>
                Result(sp_nll_loss(input.handle, target.handle, Optional(weight), (int)reduction, out var result), result);

            public static Tensor binary_cross_entropy_with_logits(
                Tensor input, Tensor target, Tensor? weight = null, Reduction reduction = Reduction.Mean, Tensor? pos_weights = null) =>
                Result(
                    sp_bce_with_logits(input.handle, target.handle, Optional(weight), Optional(pos_weights), (int)reduction, out var result), result);
        }
    }
}
