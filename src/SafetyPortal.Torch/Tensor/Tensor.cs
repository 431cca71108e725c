using System.Diagnostics.CodeAnalysis;
using TorchSharp.Interop;

namespace TorchSharp;

/// <summary>libtorch for C#: the names and signatures of TorchSharp, for the part that SafetyPortal uses.</summary>
public static partial class torch
{
    /// <summary>
    /// An n-dimensional array in native memory. It belongs to the innermost dispose scope of the thread that made it; outside scopes
    /// the caller disposes it, or its finalizer does. Methods that end in <c>_</c> change the tensor and return the same object.
    /// </summary>
    /// <remarks>Every failure of libtorch is an <see cref="System.Runtime.InteropServices.ExternalException"/> with its text.</remarks>
    [SuppressMessage("Naming", "CA1716", Justification = "TorchSharp's names")]
    public partial class Tensor : IDisposable
    {
        // Above this size a tensor outside any scope tells the garbage collector what it holds.
        private const long PressureThreshold = 1 << 20;

        internal TensorHandle handle;

        internal Tensor(nint pointer) : this(new TensorHandle(pointer))
        {
        }

        /// <summary>Makes an object for a native tensor that <see cref="TakeHandle"/> released from another.</summary>
        internal Tensor(TensorHandle handle)
        {
            this.handle = handle;
            var manager = DisposeScopeManager.OfThread;
            OwningScope = manager.Innermost;
            OwningScope?.Add(this);
            DisposeScopeManager.Statistics.CountCreated(OwningScope is not null);
            if (OwningScope is null && NativeMethods.sp_nbytes(handle) is > PressureThreshold and var bytes)
                handle.AddPressure(bytes);
        }

        /// <summary>Native tensors alive in the process, whoever holds them.</summary>
        public static long TotalCount => TensorHandle.LiveCount;

        /// <summary>The highest <see cref="TotalCount"/> so far.</summary>
        public static long PeakCount => TensorHandle.PeakCount;

        public nint Handle => handle.IsClosed ? throw new ObjectDisposedException(nameof(Tensor)) : handle.DangerousGetHandle();

        public bool IsInvalid => handle.IsClosed || handle.IsInvalid;

        /// <summary>A label for people; libtorch does not see it.</summary>
        public string? name { get; set; }

        public long[] shape
        {
            get
            {
                Span<long> sizes = stackalloc long[16];
                var rank = NativeMethods.sp_sizes(handle, sizes, sizes.Length);
                return sizes[..rank].ToArray();
            }
        }

        public long ndim => NativeMethods.sp_dim(handle);

        public long NumberOfElements => NativeMethods.sp_numel(handle);

        public ScalarType dtype => (ScalarType)NativeMethods.sp_dtype(handle);

        public DeviceType device_type => (DeviceType)NativeMethods.sp_device_type(handle);

        /// <summary>Number of the device; -1 on the CPU.</summary>
        public int device_index => NativeMethods.sp_device_index(handle);

        public Device device => new(device_type, device_index);

        public bool is_cuda => device_type == DeviceType.CUDA;

        public bool is_sparse => NativeMethods.sp_is_sparse(handle) != 0;

        internal DisposeScope? OwningScope { get; set; }

        public long dim() => ndim;

        public long[] size() => shape;

        public long size(int dim)
        {
            var sizes = shape;
            var index = dim < 0 ? dim + sizes.Length : dim;
            return index >= 0 && index < sizes.Length
                ? sizes[index]
                : throw new ArgumentOutOfRangeException(nameof(dim), dim, $"The tensor has {sizes.Length} dimensions.");
        }

        public long numel() => NumberOfElements;

        /// <summary>Bytes per element.</summary>
        public long element_size() => dtype.ElementSize();

        /// <summary>Elements, not bytes, between neighbours along each dimension.</summary>
        public long[] stride()
        {
            Span<long> strides = stackalloc long[16];
            var rank = NativeMethods.sp_strides(handle, strides, strides.Length);
            return strides[..rank].ToArray();
        }

        public long stride(int dim) => stride()[dim < 0 ? dim + (int)ndim : dim];

        public long storage_offset() => NativeMethods.sp_storage_offset(handle);

        public bool is_contiguous() => NativeMethods.sp_is_contiguous(handle) != 0;

        /// <summary>Hands the tensor to the scope outside its own; with none, nobody owns it any more.</summary>
        public Tensor MoveToOuterDisposeScope()
        {
            OwningScope?.MoveToOuter(this);
            return this;
        }

        public Tensor MoveToOtherDisposeScope(DisposeScope? other)
        {
            if (OwningScope is not null)
                OwningScope.MoveToOther(other, this);
            else
                other?.Attach(this);
            return this;
        }

        public Tensor MoveToOtherDisposeScope(Tensor other) => MoveToOtherDisposeScope(other.OwningScope);

        /// <summary>Takes the tensor out of its scope; the caller disposes it.</summary>
        public Tensor DetachFromDisposeScope()
        {
            OwningScope?.Detach(this);
            return this;
        }

        public void Dispose()
        {
            Dispose(disposing: true);
            GC.SuppressFinalize(this);
        }

        internal void DisposeFromScope()
        {
            if (handle.IsClosed)
                return;
            DisposeScopeManager.Statistics.CountDisposed(inScope: true);
            OwningScope = null;
            handle.Dispose();
        }

        /// <summary>Moves the native tensor out of this object, which is invalid afterwards and in no scope.</summary>
        internal TensorHandle TakeHandle()
        {
            var taken = handle;
            OwningScope?.Forget(this);
            DisposeScopeManager.Statistics.CountDisposed(OwningScope is not null);
            OwningScope = null;
            handle = TensorHandle.Closed();
            return taken;
        }

        protected virtual void Dispose(bool disposing)
        {
            if (handle.IsClosed)
                return;
            var scope = OwningScope;
            scope?.Forget(this);
            OwningScope = null;
            DisposeScopeManager.Statistics.CountDisposed(scope is not null);
            handle.Dispose();
        }
    }
}
