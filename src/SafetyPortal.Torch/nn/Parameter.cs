using TorchSharp.Interop;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace TorchSharp.Modules
{
    /// <summary>A leaf tensor that a module trains and a checkpoint holds.</summary>
    public class Parameter : Tensor
    {
        /// <summary>Takes over the storage of <paramref name="data"/>, which cannot be used afterwards.</summary>
        /// <param name="data">Initial values; their autograd history, if any, is cut off.</param>
        /// <param name="requires_grad">Whether backward passes fill <c>grad</c>.</param>
        public Parameter(Tensor data, bool requires_grad = true)
            : base(TakeOver(data))
        {
            if (requires_grad)
                this.requires_grad = true;
        }

        private static TensorHandle TakeOver(Tensor data)
        {
            ArgumentNullException.ThrowIfNull(data);
            using var leaf = data.detach();
            data.Dispose();
            return leaf.TakeHandle();
        }

        /// <summary>Puts other values, of any type and device, into this object; its gradient is dropped.</summary>
        internal static void Replace(Tensor target, Tensor values)
        {
            var requiresGrad = target.requires_grad;
            using var leaf = values.detach();
            var old = target.handle;
            target.handle = leaf.TakeHandle();
            old.Dispose();
            if (requiresGrad)
                target.requires_grad = true;
        }
    }
}

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class nn
        {
            /// <inheritdoc cref="Modules.Parameter(Tensor, bool)"/>
            public static Parameter Parameter(Tensor data, bool requires_grad = true) => new(data, requires_grad);
        }
    }
}
