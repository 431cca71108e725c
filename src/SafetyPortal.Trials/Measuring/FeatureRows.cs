using SafetyPortal.Diffusion.Safetensors;
using SafetyPortal.Evaluation;
using SafetyPortal.Evaluation.Backbones;
using static TorchSharp.torch;

namespace SafetyPortal.Trials.Measuring;

/// <summary>Collects image features batch by batch and keeps them as a file: those of the judging networks, and those of a second network where there is one.</summary>
public sealed class FeatureRows
{
    private const string Name = "features";
    private const string SecondName = "second";
    private readonly List<float> values = [];
    private readonly List<float> second = [];
    private int dimension = 1; // of no rows at all

    /// <summary>Adds [n, D] features, in the order of the images.</summary>
    public void Add(Tensor features)
    {
        ArgumentNullException.ThrowIfNull(features);
        using var scope = NewDisposeScope();
        dimension = (int)features.size(1);
        values.AddRange(features.detach().to(ScalarType.Float32).cpu().contiguous().data<float>().ToArray());
    }

    /// <summary>Adds the features of the second network, in the order of the images.</summary>
    public void AddSecond(Features features)
    {
        ArgumentNullException.ThrowIfNull(features);
        for (var i = 0; i < features.Count; i++)
            second.AddRange(features[i]);
    }

    /// <summary>All rows so far.</summary>
    public Features ToFeatures() => new([.. values], dimension);

    /// <summary>All rows of the second network so far; none without one.</summary>
    public Features ToSecond() => new([.. second], ResNet18.FeatureCount);

    /// <summary>Writes the rows of each network as one tensor.</summary>
    public void Save(string path)
    {
        using var scope = NewDisposeScope();
        SafetensorsWriter.Write(
            path,
            [
                (Name, tensor(values.ToArray(), [values.Count / dimension, dimension])),
                .. second.Count == 0 ? Array.Empty<(string, Tensor)>() : [(SecondName, tensor(second.ToArray(), [second.Count / ResNet18.FeatureCount, ResNet18.FeatureCount]))],
            ],
            new Dictionary<string, string>(StringComparer.Ordinal));
    }

    /// <summary>Reads what <see cref="Save"/> wrote.</summary>
    public static FeatureRows Load(string path)
    {
        using var scope = NewDisposeScope();
        using var file = SafetensorsFile.Open(path);
        var rows = new FeatureRows();
        rows.Add(file.Read(Name));
        if (file.Entries.ContainsKey(SecondName)) rows.second.AddRange(file.Read(SecondName).data<float>().ToArray());
        return rows;
    }
}
