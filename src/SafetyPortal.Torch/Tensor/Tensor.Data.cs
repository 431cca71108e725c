using TorchSharp.Interop;
using TorchSharp.Utils;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        /// <summary>
        /// The memory of a contiguous CPU tensor, which must outlive the span. Setting copies, and needs exactly as many bytes.
        /// </summary>
        /// <exception cref="InvalidOperationException">The tensor is on another device or not contiguous.</exception>
        /// <exception cref="ArgumentException">The lengths differ.</exception>
        public unsafe Span<byte> bytes
        {
            get
            {
                RequireCpu();
                if (!is_contiguous())
                    throw new InvalidOperationException($"bytes needs a contiguous tensor; this one has strides [{string.Join(", ", stride())}]. Call contiguous() first.");
                return new Span<byte>((void*)DataPointer(), checked((int)NativeMethods.sp_nbytes(handle)));
            }

            set
            {
                var target = bytes;
                if (value.Length != target.Length)
                    throw new ArgumentException($"The tensor holds {target.Length} bytes, got {value.Length}.", nameof(value));
                value.CopyTo(target);
            }
        }

        /// <summary>The only element of a one-element tensor of that very type.</summary>
        /// <exception cref="ArgumentException">The element is of another type.</exception>
        /// <exception cref="InvalidOperationException">There is not exactly one element.</exception>
        public T item<T>() where T : struct
        {
            RequireElementType<T>(dtype);
            if (NumberOfElements != 1)
                throw new InvalidOperationException($"item needs a tensor with one element; this one has shape [{string.Join(", ", shape)}].");
            if (device_type == DeviceType.CPU)
                return data<T>()[0];
            using var local = cpu();
            return local.data<T>()[0];
        }

        /// <summary>The elements of a CPU tensor in row-major order, whatever its strides. The tensor must outlive the accessor.</summary>
        /// <exception cref="InvalidOperationException">The tensor is on another device.</exception>
        /// <exception cref="ArgumentException">The elements are of another type.</exception>
        public TensorAccessor<T> data<T>() where T : struct
        {
            RequireCpu();
            RequireElementType<T>(dtype);
            return new TensorAccessor<T>(this, DataPointer());
        }

        private nint DataPointer()
        {
            NativeError.Check(NativeMethods.sp_data_ptr(handle, out var pointer));
            return pointer;
        }

        private void RequireCpu()
        {
            if (device_type != DeviceType.CPU)
                throw new InvalidOperationException($"The tensor is on {device}; reading its memory needs cpu() first.");
        }
    }
}
