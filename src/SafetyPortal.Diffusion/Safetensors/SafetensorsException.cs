namespace SafetyPortal.Diffusion.Safetensors;

/// <summary>A safetensors file is damaged, hostile or of another format; the message says where and how.</summary>
public sealed class SafetensorsException : ModelFormatException
{
    public SafetensorsException(string file, string problem)
        : base($"{file}: {problem}")
    {
        File = file;
        Problem = problem;
    }

    public SafetensorsException(string file, string problem, Exception inner)
        : base($"{file}: {problem}", inner)
    {
        File = file;
        Problem = problem;
    }

    /// <summary>The file as the caller named it.</summary>
    public string File { get; }

    /// <summary>The message without the file name.</summary>
    public string Problem { get; }
}
