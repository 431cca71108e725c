using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        /// <summary>An object of its own for the same native tensor, with the same memory and gradient.</summary>
        public Tensor alias() => NativeError.Result(NativeMethods.sp_alias(handle, out var r), r);

        public Tensor clone() => NativeError.Result(NativeMethods.sp_clone(handle, out var r), r);

        public Tensor contiguous() => NativeError.Result(NativeMethods.sp_contiguous(handle, out var r), r);

        public Tensor copy_(Tensor source, bool nonBlocking = false) => Done(NativeMethods.sp_copy_(handle, source.handle, nonBlocking ? 1 : 0));

        public Tensor set_(Tensor source) => Done(NativeMethods.sp_set_(handle, source.handle));

        public Tensor pin_memory() => NativeError.Result(NativeMethods.sp_pin_memory(handle, out var r), r);

        public Tensor to(ScalarType type, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            Convert(type, device_type, device_index, copy, disposeAfter, non_blocking);

        public Tensor to(Device device, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            Convert(dtype, device.type, device.index, copy, disposeAfter, non_blocking);

        public Tensor to(DeviceType deviceType, int deviceIndex = -1, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            Convert(dtype, deviceType, deviceIndex, copy, disposeAfter, non_blocking);

        public Tensor to(ScalarType type, Device device, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            Convert(type, device.type, device.index, copy, disposeAfter, non_blocking);

        public Tensor to(string device, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            to(new Device(device), copy, disposeAfter, non_blocking);

        /// <summary>Converts to the type and device of the other tensor.</summary>
        public Tensor to(Tensor other, bool non_blocking = false) =>
            Convert(other.dtype, other.device_type, other.device_index, copy: false, disposeAfter: false, non_blocking);

        public Tensor cpu() => to(DeviceType.CPU);

        public Tensor cuda(Device? device = null, bool non_blocking = false) => to(device ?? CUDA, non_blocking: non_blocking);

        public Tensor type(ScalarType dtype) => to(dtype);

        public Tensor type_as(Tensor tensor) => to(tensor.dtype);

        public Tensor to_type(ScalarType type) => to(type);

        public Tensor @float() => to(ScalarType.Float32);

        public Tensor @double() => to(ScalarType.Float64);

        public Tensor @long() => to(ScalarType.Int64);

        public Tensor @int() => to(ScalarType.Int32);

        public Tensor @bool() => to(ScalarType.Bool);

        public Tensor half() => to(ScalarType.Float16);

        public Tensor bfloat16() => to(ScalarType.BFloat16);

        /// <summary>Finishes an in-place call.</summary>
        private Tensor Done(nint error)
        {
            NativeError.Check(error);
            return this;
        }

        private Tensor Convert(ScalarType type, DeviceType deviceType, int deviceIndex, bool copy, bool disposeAfter, bool nonBlocking)
        {
            var result = NativeError.Result(
                NativeMethods.sp_to(handle, (int)type, (int)deviceType, deviceIndex, nonBlocking ? 1 : 0, copy ? 1 : 0, out var r), r);
            if (disposeAfter)
                Dispose();
            return result;
        }
    }
}
