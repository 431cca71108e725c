using System.Globalization;
using System.Security.Cryptography;
using SafetyPortal.Diffusion.Safetensors;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Lab.DemoWorld.Training;

/// <summary>Saves and restores everything a run needs to go on exactly where it was.</summary>
public static class TrainingCheckpoint
{
    private const string ParentKey = "parent.";

    public static string PathOf(TrainingSettings settings) => PathOf(settings.WorkDirectory, settings.Name);

    /// <summary>Writes to a temporary file and renames it: a kill in between leaves the checkpoint before.</summary>
    /// <exception cref="InvalidOperationException">A weight is not finite; the checkpoint before stays.</exception>
    public static void Save(TrainingSettings settings, FlatAdamW optimizer, TimeSpan spent)
    {
        RequireFinite(settings, optimizer);
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["name"] = settings.Name,
            ["step"] = optimizer.Step.ToString(CultureInfo.InvariantCulture),
            ["seed"] = settings.Seed.ToString(CultureInfo.InvariantCulture),
            ["seconds"] = spent.TotalSeconds.ToString(CultureInfo.InvariantCulture),
        };
        foreach (var (parent, digest) in settings.Parents)
            metadata[ParentKey + parent] = digest;
        SafetensorsWriter.Write(
            PathOf(settings),
            [("weights", optimizer.Weights), ("momentum", optimizer.Momentum), ("variance", optimizer.Variance), ("average", optimizer.Average)],
            metadata);
    }

    /// <summary>Restores the optimizer if there is a checkpoint.</summary>
    /// <returns>Time spent before, or null without a checkpoint.</returns>
    /// <exception cref="InvalidOperationException">The checkpoint belongs to another network or seed, or was trained on another parent.</exception>
    public static TimeSpan? Restore(TrainingSettings settings, FlatAdamW optimizer)
    {
        var path = PathOf(settings);
        if (!File.Exists(path))
            return null;
        using var scope = NewDisposeScope();
        using var file = SafetensorsFile.Open(path);
        var seed = file.Metadata["seed"];
        var shape = file.Entries["weights"].Shape;
        if (seed != settings.Seed.ToString(CultureInfo.InvariantCulture) || shape[0] != optimizer.Weights.numel())
        {
            throw new InvalidOperationException(
                $"{path} holds {shape[0]} weights trained from seed {seed}; expected {optimizer.Weights.numel()} from seed {settings.Seed}. "
                + "Use another work folder.");
        }

        foreach (var (parent, digest) in settings.Parents)
            RequireParent(file, parent, digest);
        optimizer.Weights.copy_(file.Read("weights"));
        optimizer.Momentum.copy_(file.Read("momentum"));
        optimizer.Variance.copy_(file.Read("variance"));
        optimizer.Average.copy_(file.Read("average"));
        optimizer.Step = long.Parse(file.Metadata["step"], CultureInfo.InvariantCulture);
        return TimeSpan.FromSeconds(double.Parse(file.Metadata["seconds"], CultureInfo.InvariantCulture));
    }

    public static bool Exists(string workDirectory, string name) => File.Exists(PathOf(workDirectory, name));

    /// <summary>Reads only the averaged weights, for use and export.</summary>
    /// <returns>[P] float32.</returns>
    /// <exception cref="FileNotFoundException">The stage has not been trained.</exception>
    /// <exception cref="InvalidOperationException">The stage was trained on a parent that has been trained since.</exception>
    public static Tensor ReadAverage(string workDirectory, string name)
    {
        using var file = Open(workDirectory, name);
        foreach (var key in file.Metadata.Keys.Where(k => k.StartsWith(ParentKey, StringComparison.Ordinal)))
            RequireParent(file, key[ParentKey.Length..], Digest(workDirectory, key[ParentKey.Length..]));
        return file.Read("average");
    }

    /// <summary>SHA-256 of the averaged weights of stages, by name. Training another network on their output depends on them.</summary>
    /// <exception cref="FileNotFoundException">A stage has not been trained.</exception>
    public static IReadOnlyDictionary<string, string> Digests(string workDirectory, params string[] names) =>
        names.ToDictionary(name => name, name => Digest(workDirectory, name), StringComparer.Ordinal);

    /// <summary>SHA-256 of the averaged weights of a stage, in hexadecimal.</summary>
    /// <exception cref="FileNotFoundException">The stage has not been trained.</exception>
    public static string Digest(string workDirectory, string name)
    {
        using var file = Open(workDirectory, name);
        using var average = file.Read("average");
        return Convert.ToHexStringLower(SHA256.HashData(average.bytes));
    }

    private static string PathOf(string workDirectory, string name) => Path.Combine(workDirectory, name + ".checkpoint.safetensors");

    private static SafetensorsFile Open(string workDirectory, string name)
    {
        var path = PathOf(workDirectory, name);
        return File.Exists(path)
            ? SafetensorsFile.Open(path)
            : throw new FileNotFoundException($"The stage '{name}' has not been trained yet: expected {path}.", path);
    }

    private static void RequireParent(SafetensorsFile file, string parent, string digest)
    {
        if (file.Metadata.TryGetValue(ParentKey + parent, out var recorded) && recorded != digest)
        {
            throw new InvalidOperationException(
                $"{file.Location} was trained on '{parent}' with weights {recorded[..12]}; the work folder has {digest[..12]}. "
                + "Delete it and train the stage again.");
        }
    }

    private static void RequireFinite(TrainingSettings settings, FlatAdamW optimizer)
    {
        using var scope = NewDisposeScope();
        if (!optimizer.Weights.isfinite().all().ToBoolean() || !optimizer.Average.isfinite().all().ToBoolean())
        {
            throw new InvalidOperationException(
                $"A weight of {settings.Name} is not finite after step {optimizer.Step}; {PathOf(settings)} is left as it was.");
        }
    }
}
