using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Safetensors;

/// <summary>The dtype names of the safetensors format and the tensor types they stand for.</summary>
internal static class SafetensorsDtype
{
    private static readonly (string Name, ScalarType Type, int Size)[] Known =
    [
        ("F64", ScalarType.Float64, 8),
        ("F32", ScalarType.Float32, 4),
        ("F16", ScalarType.Float16, 2),
        ("BF16", ScalarType.BFloat16, 2),
        ("I64", ScalarType.Int64, 8),
        ("I32", ScalarType.Int32, 4),
        ("I16", ScalarType.Int16, 2),
        ("I8", ScalarType.Int8, 1),
        ("U8", ScalarType.Byte, 1),
        ("BOOL", ScalarType.Bool, 1),
    ];

    // Valid in the format; this program does not read them.
    private static readonly string[] Unrepresentable = ["U16", "U32", "U64", "F8_E4M3", "F8_E5M2", "F8_E8M0", "F4", "F6_E2M3", "F6_E3M2", "C64"];

    public static string SupportedNames => string.Join(", ", Known.Select(k => k.Name));

    public static bool TryParse(string name, out ScalarType type)
    {
        var known = Array.Find(Known, k => k.Name == name);
        type = known.Type;
        return known.Name is not null;
    }

    public static bool IsValidButUnsupported(string name) => Unrepresentable.Contains(name, StringComparer.Ordinal);

    /// <summary>Returns the bytes per element.</summary>
    public static int Size(ScalarType type) => Find(type).Size;

    /// <exception cref="ArgumentException">The type cannot be stored in a safetensors file.</exception>
    public static string Name(ScalarType type) => Find(type).Name;

    private static (string Name, ScalarType Type, int Size) Find(ScalarType type) => Array.Find(Known, k => k.Type == type) is { Name: not null } known
        ? known
        : throw new ArgumentException($"A safetensors file cannot hold tensors of type {type}; it can hold {SupportedNames}.", nameof(type));
}
