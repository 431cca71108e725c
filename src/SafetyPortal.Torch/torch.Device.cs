using System.Globalization;
using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    public static readonly Device CPU = new(DeviceType.CPU);

    public static Device CUDA => new(DeviceType.CUDA);

    public static Device device(string description) => new(description);

    public static Device device(string deviceType, int index = -1) => new(deviceType, index);

    public static Device device(DeviceType deviceType, int index = -1) => new(deviceType, index);

    public static Device device(int index) => new(index);

    public static bool cuda_is_available() => cuda.is_available();

    /// <summary>A device and, where there are several of a kind, its number; -1 is the current one.</summary>
    public sealed class Device
    {
        public Device(DeviceType deviceType, int index = -1)
        {
            type = deviceType;
            this.index = index;
        }

        /// <summary>The CUDA device of that number.</summary>
        public Device(int index) : this(DeviceType.CUDA, index)
        {
        }

        public Device(string deviceType, int index = -1) : this(ParseType(deviceType), index)
        {
        }

        /// <param name="description">"cpu", "cuda", "cuda:1" and so on.</param>
        /// <exception cref="ArgumentException">The text names no known device.</exception>
        public Device(string description)
        {
            var parts = description.Split(':');
            type = ParseType(parts[0]);
            index = parts.Length switch
            {
                1 => -1,
                2 when int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var number) => number,
                _ => throw new ArgumentException($"Expected a device such as 'cpu' or 'cuda:0', got '{description}'.", nameof(description)),
            };
        }

        public DeviceType type { get; }

        public int index { get; }

        public static implicit operator Device(string description) => new(description);

        public override string ToString() =>
            index < 0 ? type.ToString().ToLowerInvariant() : $"{type.ToString().ToLowerInvariant()}:{index.ToString(CultureInfo.InvariantCulture)}";

        private static DeviceType ParseType(string name) =>
            Enum.TryParse<DeviceType>(name, ignoreCase: true, out var parsed) && char.IsLetter(name[0])
                ? parsed
                : throw new ArgumentException($"Expected a device such as 'cpu' or 'cuda:0', got '{name}'.", nameof(name));
    }

    /// <summary>CUDA as this libtorch sees it.</summary>
    public static class cuda
    {
        /// <summary>True when libtorch was built with CUDA and finds a device.</summary>
        public static bool is_available() => device_count() > 0;

        public static int device_count()
        {
            NativeError.Check(NativeMethods.sp_cuda_device_count(out var count));
            return count;
        }

        public static bool is_cudnn_available()
        {
            NativeError.Check(NativeMethods.sp_cuda_has_cudnn(out var has));
            return has != 0;
        }

        /// <summary>Waits for the work of the device.</summary>
        public static void synchronize(Device? device = null) =>
            NativeError.Check(NativeMethods.sp_cuda_synchronize(device?.index ?? -1));

        /// <summary>Seeds the generators of every device.</summary>
        public static void manual_seed_all(long seed) => torch.manual_seed(seed);

        public static void manual_seed(long seed) => torch.manual_seed(seed);
    }
}
