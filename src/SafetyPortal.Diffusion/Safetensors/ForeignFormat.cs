namespace SafetyPortal.Diffusion.Safetensors;

/// <summary>Recognises files that are often supplied where safetensors is expected, to say so instead of "bad header".</summary>
internal static class ForeignFormat
{
    /// <summary>Why pickles are refused, in a sentence for the person who supplied one.</summary>
    public const string PickleRefusal =
        "is a PyTorch pickle; loading one can run any program hidden in it, so only safetensors files are read. "
        + "Ask the publisher for the .safetensors variant, or convert it on a machine you can afford to lose";

    private static readonly string[] PickleExtensions = [".bin", ".ckpt", ".pt", ".pth", ".pkl"];

    /// <returns>What the file is instead, or null if its first bytes may begin a safetensors file.</returns>
    public static string? Recognise(ReadOnlySpan<byte> start)
    {
        if (start.StartsWith("PK\x03\x04"u8) || IsBarePickle(start))
            return PickleRefusal;
        if (start.StartsWith("version https://"u8))
            return "is a Git LFS pointer, not the file itself; fetch it with `git lfs pull`";
        if (start.StartsWith("GGUF"u8))
            return "is a GGUF file; expected safetensors";
        if (start.StartsWith("<!DOCTYPE"u8) || start.StartsWith("<html"u8))
            return "is an HTML page, probably saved instead of the download; expected safetensors";
        return null;
    }

    public static bool HasPickleExtension(string path) => PickleExtensions.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase);

    // The protocol opcode is also the length of a safetensors header of 640, 896, 1152 or 1408 bytes (modulo 65536), which a brace follows.
    private static bool IsBarePickle(ReadOnlySpan<byte> start) =>
        start.Length > 1 && start[0] == 0x80 && start[1] is >= 2 and <= 5 && !(start.Length > 8 && start[8] == (byte)'{');
}
