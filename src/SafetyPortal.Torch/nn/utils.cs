using TorchSharp.Modules;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        /// <summary>Operations on all gradients or parameters at once.</summary>
        public static class utils
        {
            /// <summary>Scales all gradients by one factor so that their common norm is at most <paramref name="max_norm"/>.</summary>
            /// <returns>The norm before scaling; NaN or infinity when a gradient is, and gradients are then scaled by that.</returns>
            public static double clip_grad_norm_(IEnumerable<Parameter> tensors, double max_norm, double norm_type = 2)
            {
                using var inference = no_grad();
                using var scope = NewDisposeScope();
                var gradients = Gradients(tensors);
                if (gradients.Count == 0)
                    return 0;
                var norms = stack(gradients.Select(gradient => linalg.vector_norm(gradient, norm_type)));
                var total = linalg.vector_norm(norms, norm_type).ToDouble();
                var factor = max_norm / (total + 1e-6);
                if (factor < 1 || double.IsNaN(factor))
                {
                    foreach (var gradient in gradients)
                        gradient.mul_(factor);
                }

                return total;
            }

            /// <summary>Clamps each element of each gradient to -<paramref name="clip_value"/>..<paramref name="clip_value"/>.</summary>
            public static void clip_grad_value_(IEnumerable<Parameter> tensors, double clip_value)
            {
                using var inference = no_grad();
                using var scope = NewDisposeScope();
                foreach (var gradient in Gradients(tensors))
                    gradient.clamp_((Scalar)(-clip_value), (Scalar)clip_value);
            }

            /// <summary>All parameters flattened, one after the other.</summary>
            public static Tensor parameters_to_vector(IEnumerable<Parameter> tensors)
            {
                using var scope = NewDisposeScope();
                return cat(tensors.Select(tensor => tensor.reshape(-1)).ToArray()).MoveToOuterDisposeScope();
            }

            /// <summary>Copies consecutive parts of a vector back into the parameters.</summary>
            public static void vector_to_parameters(Tensor vec, IEnumerable<Parameter> tensors)
            {
                using var inference = no_grad();
                using var scope = NewDisposeScope();
                long offset = 0;
                foreach (var tensor in tensors)
                {
                    tensor.copy_(vec.narrow(0, offset, tensor.numel()).view(tensor.shape));
                    offset += tensor.numel();
                }

                if (offset != vec.numel())
                    throw new ArgumentException($"The parameters hold {offset} numbers, the vector {vec.numel()}.", nameof(vec));
            }

            private static List<Tensor> Gradients(IEnumerable<Parameter> tensors) => tensors.Select(tensor => tensor.grad).OfType<Tensor>().ToList();
        }
    }
}
