using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>True when operations on this thread record a history.</summary>
    public static bool is_grad_enabled() => NativeMethods.sp_grad_mode() != 0;

    /// <summary>No history on this thread until the result is disposed. No <c>await</c> in between: the mode is the thread's.</summary>
    public static IDisposable no_grad() => new GradMode(enabled: false);

    public static IDisposable enable_grad(bool enabled = true) => new GradMode(enabled);

    public static IDisposable set_grad_enabled(bool mode = true) => new GradMode(mode);

    /// <summary>Gradients of several tensors at once.</summary>
    public static class autograd
    {
        /// <summary>
        /// Sum of the gradients of <paramref name="outputs"/> with respect to each input, without touching any <see cref="Tensor.grad"/>.
        /// With <paramref name="allow_unused"/> an input that was not used has a null gradient.
        /// </summary>
        public static IList<Tensor> grad(IList<Tensor> outputs, IList<Tensor> inputs, IList<Tensor>? grad_outputs = null, bool retain_graph = false, bool create_graph = false, bool allow_unused = false)
        {
            using var from = new HandleList(outputs);
            using var to = new HandleList(inputs);
            using var weights = new HandleList(grad_outputs ?? []);
            var error = NativeMethods.sp_autograd_grad(
                from.Pointers, from.Count, to.Pointers, to.Count, weights.Pointers, weights.Count,
                retain_graph ? 1 : 0, create_graph ? 1 : 0, allow_unused ? 1 : 0, out var list, out var count);
            return NativeError.OptionalResultList(error, list, count)!;
        }

        /// <summary>Adds gradients to the leaves, or only to <paramref name="inputs"/> where given.</summary>
        public static void backward(IList<Tensor> tensors, IList<Tensor>? grad_tensors = null, bool? retain_graph = null, bool create_graph = false, IList<Tensor>? inputs = null)
        {
            using var from = new HandleList(tensors);
            using var weights = new HandleList(grad_tensors ?? []);
            using var to = new HandleList(inputs ?? []);
            NativeError.Check(NativeMethods.sp_backward(
                from.Pointers, from.Count, weights.Pointers, weights.Count, (retain_graph ?? create_graph) ? 1 : 0, create_graph ? 1 : 0, to.Pointers, to.Count));
        }

        public static void backward(Tensor tensor, IList<Tensor>? grad_tensors = null, bool? retain_graph = null, bool create_graph = false, IList<Tensor>? inputs = null) =>
            backward([tensor], grad_tensors, retain_graph, create_graph, inputs);

        public static void backward(Tensor tensor, Tensor grad_tensor, bool? retain_graph = null, bool create_graph = false, IList<Tensor>? inputs = null) =>
            backward([tensor], [grad_tensor], retain_graph, create_graph, inputs);
    }

    private sealed class GradMode : IDisposable
    {
        private readonly bool before;
        private bool disposed;

        internal GradMode(bool enabled)
        {
            before = is_grad_enabled();
            NativeMethods.sp_set_grad_mode(enabled ? 1 : 0);
        }

        public void Dispose()
        {
            if (disposed)
                return;
            disposed = true;
            NativeMethods.sp_set_grad_mode(before ? 1 : 0);
        }
    }
}
