using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        public bool requires_grad
        {
            get => NativeMethods.sp_requires_grad(handle) != 0;
            set => NativeError.Check(NativeMethods.sp_set_requires_grad(handle, value ? 1 : 0));
        }

        public bool is_leaf => NativeMethods.sp_is_leaf(handle) != 0;

        /// <summary>The accumulated gradient, a new object at every read; null before the first backward pass.</summary>
        public Tensor? grad
        {
            get
            {
                NativeError.Check(NativeMethods.sp_grad(handle, out var r));
                return r == 0 ? null : new Tensor(r);
            }
            set => NativeError.Check(NativeMethods.sp_set_grad(handle, value?.handle ?? TensorHandle.None));
        }

        public Tensor requires_grad_(bool requires_grad = true)
        {
            this.requires_grad = requires_grad;
            return this;
        }

        /// <summary>The same object, with its flag set.</summary>
        public Tensor with_requires_grad(bool requires_grad = true) => requires_grad_(requires_grad);

        /// <summary>Keeps the gradient of a tensor that is no leaf.</summary>
        public void retain_grad() => NativeError.Check(NativeMethods.sp_retain_grad(handle));

        /// <summary>Adds the gradients of this scalar to the leaves it was computed from.</summary>
        public void backward() => autograd.backward([this]);

        public void backward(IList<Tensor>? grad_tensors = null, bool retain_graph = false, bool create_graph = false, IList<Tensor>? inputs = null) =>
            autograd.backward([this], grad_tensors, retain_graph, create_graph, inputs);

        /// <summary>The same memory without a history.</summary>
        public Tensor detach() => NativeError.Result(NativeMethods.sp_detach(handle, out var r), r);

        public Tensor detach_() => Done(NativeMethods.sp_detach_(handle));
    }
}
