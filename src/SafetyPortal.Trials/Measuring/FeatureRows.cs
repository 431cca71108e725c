using SafetyPortal.Diffusion.Safetensors;
using SafetyPortal.Evaluation;
using SafetyPortal.Evaluation.Backbones;
using static TorchSharp.torch;

namespace SafetyPortal.Trials.Measuring;

/// <summary>Collects image features batch by batch and stores them as a file: those of the judging networks, and of a second network if any.</summary>
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
        using var scope = NewDisposeScope();
        dimension = (int)features.size(1);
        values.AddRange(features.detach().to(ScalarType.Float32).cpu().contiguous().data<float>().ToArray());
    }

    /// <summary>Adds the features of the second network, in the order of the images.</summary>
    public void AddSecond(Features features)
    {
        for (var i = 0; i < features.Count; i++)
            second.AddRange(features[i]);
    }

    public Features ToFeatures() => new([.. values], dimension);

    /// <summary>Returns the rows of the second network; none without one.</summary>
    public Features ToSecond() => new([.. second], ResNet18.FeatureCount);

    /// <summary>Writes the rows of each network as one tensor.</summary>
    public void Save(string path)
    {
        using var scope = NewDisposeScope();
        List<(string, Tensor)> tensors = [(Name, Rows(values, dimension))];
        if (second.Count > 0)
            tensors.Add((SecondName, Rows(second, ResNet18.FeatureCount)));
        SafetensorsWriter.Write(path, tensors, new Dictionary<string, string>(StringComparer.Ordinal));

        static Tensor Rows(List<float> values, int dimension) => tensor(values.ToArray(), [values.Count / dimension, dimension]);
    }

    /// <summary>Reads what <see cref="Save"/> wrote.</summary>
    public static FeatureRows Load(string path)
    {
        using var scope = NewDisposeScope();
        using var file = SafetensorsFile.Open(path);
        var rows = new FeatureRows();
        rows.Add(file.Read(Name));
        if (file.Entries.ContainsKey(SecondName))
            rows.second.AddRange(file.Read(SecondName).data<float>().ToArray());
        return rows;
    }
}
