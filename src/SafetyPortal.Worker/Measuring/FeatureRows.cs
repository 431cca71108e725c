using SafetyPortal.Diffusion.Safetensors;
using SafetyPortal.Evaluation;
using static TorchSharp.torch;

namespace SafetyPortal.Worker.Measuring;

/// <summary>Collects image features batch by batch and keeps them as a file.</summary>
public sealed class FeatureRows
{
    private const string Name = "features";
    private readonly List<float> values = [];
    private int dimension = 1; // of no rows at all

    /// <summary>Adds [n, D] features, in the order of the images.</summary>
    public void Add(Tensor features)
    {
        ArgumentNullException.ThrowIfNull(features);
        using var scope = NewDisposeScope();
        dimension = (int)features.size(1);
        values.AddRange(features.detach().to(ScalarType.Float32).cpu().contiguous().data<float>().ToArray());
    }

    /// <summary>All rows so far.</summary>
    public Features ToFeatures() => new([.. values], dimension);

    /// <summary>Writes all rows as one tensor.</summary>
    internal void Save(string path)
    {
        using var scope = NewDisposeScope();
        SafetensorsWriter.Write(path, [(Name, tensor(values.ToArray(), [values.Count / dimension, dimension]))], new Dictionary<string, string>(StringComparer.Ordinal));
    }

    /// <summary>Reads what <see cref="Save"/> wrote.</summary>
    internal static Features Load(string path)
    {
        using var scope = NewDisposeScope();
        using var file = SafetensorsFile.Open(path);
        var rows = file.Read(Name);
        return new Features(rows.data<float>().ToArray(), (int)rows.size(1));
    }
}
