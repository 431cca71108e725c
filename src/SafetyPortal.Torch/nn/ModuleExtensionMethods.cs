using TorchSharp.Modules;
using static TorchSharp.torch;

namespace TorchSharp;

/// <summary>
/// Moves and converts modules in place. The parameter objects stay the same, so an optimizer that holds them keeps working;
/// gradients are dropped. Element types change for floating point tensors only.
/// </summary>
public static class ModuleExtensionMethods
{
    public static T to<T>(this T module, ScalarType type, bool non_blocking = false)
        where T : nn.Module => Convert(module, type, device: null, non_blocking);

    public static T to<T>(this T module, Device device, bool non_blocking = false)
        where T : nn.Module => Convert(module, type: null, device, non_blocking);

    public static T to<T>(this T module, Device device, ScalarType type, bool non_blocking = false)
        where T : nn.Module => Convert(module, type, device, non_blocking);

    public static T to<T>(this T module, DeviceType deviceType, int deviceIndex = -1, bool non_blocking = false)
        where T : nn.Module => Convert(module, type: null, new Device(deviceType, deviceIndex), non_blocking);

    public static T to<T>(this T module, string device, bool non_blocking = false)
        where T : nn.Module => Convert(module, type: null, new Device(device), non_blocking);

    public static T to<T>(this T module, Tensor other, bool non_blocking = false)
        where T : nn.Module => Convert(module, other.dtype, other.device, non_blocking);

    public static T cpu<T>(this T module, bool non_blocking = false)
        where T : nn.Module => Convert(module, type: null, CPU, non_blocking);

    public static T cuda<T>(this T module, int deviceIndex = -1, bool non_blocking = false)
        where T : nn.Module => Convert(module, type: null, new Device(DeviceType.CUDA, deviceIndex), non_blocking);

    public static T half<T>(this T module, bool non_blocking = false)
        where T : nn.Module => Convert(module, ScalarType.Float16, device: null, non_blocking);

    public static T @float<T>(this T module, bool non_blocking = false)
        where T : nn.Module => Convert(module, ScalarType.Float32, device: null, non_blocking);

    public static T bfloat16<T>(this T module, bool non_blocking = false)
        where T : nn.Module => Convert(module, ScalarType.BFloat16, device: null, non_blocking);

    private static T Convert<T>(T module, ScalarType? type, Device? device, bool nonBlocking)
        where T : nn.Module
    {
        ArgumentNullException.ThrowIfNull(module);
        using var inference = no_grad();
        foreach (var tensor in module.parameters().Concat(module.buffers()))
        {
            var old = tensor.dtype;
            var target = type is { } wanted && IsFloatingPoint(old) ? wanted : old;
            using var converted = device is null
                ? tensor.to(target, non_blocking: nonBlocking)
                : tensor.to(target, device, non_blocking: nonBlocking);
            if (converted.dtype != old || converted.device_type != tensor.device_type || converted.device_index != tensor.device_index)
                Parameter.Replace(tensor, converted);
        }

        return module;
    }

    private static bool IsFloatingPoint(ScalarType type) =>
        type is ScalarType.Float16 or ScalarType.Float32 or ScalarType.Float64 or ScalarType.BFloat16;
}
