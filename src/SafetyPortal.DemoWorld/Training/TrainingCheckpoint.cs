using System.Globalization;
using SafetyPortal.Diffusion.Safetensors;
using static TorchSharp.torch;

namespace SafetyPortal.DemoWorld.Training;

/// <summary>Saves and restores everything a run needs to go on exactly where it was.</summary>
public static class TrainingCheckpoint
{
    public static string PathOf(TrainingSettings settings) => Path.Combine(settings.WorkDirectory, settings.Name + ".checkpoint.safetensors");

    /// <summary>Writes to a temporary file and renames it: a kill in between leaves the checkpoint before.</summary>
    public static void Save(TrainingSettings settings, FlatAdamW optimizer, TimeSpan spent) => SafetensorsWriter.Write(
        PathOf(settings),
        [("weights", optimizer.Weights), ("momentum", optimizer.Momentum), ("variance", optimizer.Variance), ("average", optimizer.Average)],
        new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["name"] = settings.Name,
            ["step"] = optimizer.Step.ToString(CultureInfo.InvariantCulture),
            ["seed"] = settings.Seed.ToString(CultureInfo.InvariantCulture),
            ["seconds"] = spent.TotalSeconds.ToString(CultureInfo.InvariantCulture),
        });

    /// <summary>Restores the optimizer if there is a checkpoint.</summary>
    /// <returns>Time spent before, or null without a checkpoint.</returns>
    /// <exception cref="InvalidOperationException">The checkpoint belongs to another network or seed.</exception>
    public static TimeSpan? Restore(TrainingSettings settings, FlatAdamW optimizer)
    {
        var path = PathOf(settings);
        if (!File.Exists(path))
            return null;
        using var scope = NewDisposeScope();
        using var file = SafetensorsFile.Open(path);
        var seed = file.Metadata["seed"];
        var shape = file.Entries["weights"].Shape;
        if (!string.Equals(seed, settings.Seed.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal) || shape[0] != optimizer.Weights.numel())
        {
            throw new InvalidOperationException(
                $"{path} holds {shape[0]} weights trained from seed {seed}; expected {optimizer.Weights.numel()} from seed {settings.Seed}. Use another work folder.");
        }

        optimizer.Weights.copy_(file.Read("weights"));
        optimizer.Momentum.copy_(file.Read("momentum"));
        optimizer.Variance.copy_(file.Read("variance"));
        optimizer.Average.copy_(file.Read("average"));
        optimizer.Step = long.Parse(file.Metadata["step"], CultureInfo.InvariantCulture);
        return TimeSpan.FromSeconds(double.Parse(file.Metadata["seconds"], CultureInfo.InvariantCulture));
    }

    /// <summary>Reads only the averaged weights, for use and export.</summary>
    /// <returns>[P] float32, and the step they are from.</returns>
    /// <exception cref="FileNotFoundException">The stage has not been trained.</exception>
    public static (Tensor Average, long Step) ReadAverage(string workDirectory, string name)
    {
        var path = Path.Combine(workDirectory, name + ".checkpoint.safetensors");
        if (!File.Exists(path))
            throw new FileNotFoundException($"The stage '{name}' has not been trained yet: expected {path}.", path);
        using var file = SafetensorsFile.Open(path);
        return (file.Read("average"), long.Parse(file.Metadata["step"], CultureInfo.InvariantCulture));
    }
}
