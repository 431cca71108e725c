using System.Text.Json;
using SafetyPortal.Diffusion.Safetensors;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Erasure.Attribution;

/// <summary>Score mass of one layer.</summary>
/// <param name="Name">Weight name in the checkpoint.</param>
/// <param name="Block">The block it belongs to, such as <c>down_blocks.1</c>.</param>
/// <param name="Positive">Sum of the positive scores.</param>
/// <param name="Negative">Sum of the magnitudes of the negative scores.</param>
public sealed record LayerMass(string Name, string Block, double Positive, double Negative);

/// <summary>Score mass one timestep adds, averaged over seeds.</summary>
public sealed record StepMass(double Timestep, double Objective, double Positive, double Negative);

/// <summary>The scores of an attribution, with their settings and figures. Owns the score tensors.</summary>
public sealed class AttributionResult : IDisposable
{
    private const string Format = "safety-portal-attribution/1";
    private const string Base = "base";
    private static readonly JsonSerializerOptions Complete =
        new() { RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true, AllowDuplicateProperties = false };
    private readonly List<(string Name, Tensor Score)> scores;

    internal AttributionResult(List<(string Name, Tensor Score)> scores, AttributionSummary summary, TimeSpan elapsed = default) =>
        (this.scores, Summary, Elapsed) = (scores, summary, elapsed);

    /// <summary>score_i = w_i * sum over t of dJ_t/dw_i, averaged over seeds; f32, the shape of the weight, in candidate order.</summary>
    public IReadOnlyList<(string Name, Tensor Score)> Scores => scores;

    public AttributionSummary Summary { get; }

    /// <summary>Digest of the scored weights, from the file; null if the file has none.</summary>
    public string? BaseDigest { get; private init; }

    /// <summary>Wall clock of the attribution; not part of the saved file, which depends on inputs alone.</summary>
    public TimeSpan Elapsed { get; }

    /// <summary>Writes scores and summary as safetensors; the same inputs give the same bytes.</summary>
    /// <param name="baseDigest">Digest of the scored weights, for files that outlive the run; null for none.</param>
    public void Save(string path, string? baseDigest = null)
    {
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["format"] = Format,
            ["summary"] = JsonSerializer.Serialize(Summary),
            ["order"] = JsonSerializer.Serialize(scores.Select(s => s.Name)),
        };
        if (baseDigest is not null)
            metadata[Base] = baseDigest;
        SafetensorsWriter.Write(path, scores, metadata);
    }

    /// <summary>
    /// Reads what <see cref="Save"/> wrote. The file is untrusted: every tensor must be listed once and hold finite numbers of single precision,
    /// and the settings must be ones that an attribution can have.
    /// </summary>
    /// <exception cref="Diffusion.ModelFormatException">The file is damaged.</exception>
    /// <exception cref="InvalidDataException">The file is not a saved attribution, or contradicts itself.</exception>
    public static AttributionResult Load(string path)
    {
        using var file = SafetensorsFile.Open(path);
        if (!file.Metadata.TryGetValue("format", out var format) || format != Format)
            throw new InvalidDataException($"Expected {path} to be an attribution ({Format}), its format is \"{format}\".");
        var summary = Read<AttributionSummary>("summary");
        RequireSettings(summary.Settings, path);
        var order = Read<string[]>("order");
        if (Array.Find(order, name => name is null || !file.Entries.ContainsKey(name)) is { } absent)
            throw new InvalidDataException($"Expected the scores of {absent} in {path}, there are none.");
        if (order.Length != file.Entries.Count || order.Distinct(StringComparer.Ordinal).Count() != order.Length)
            throw new InvalidDataException($"Expected each of the {file.Entries.Count} tensors of {path} once in its \"order\", it lists {order.Length}.");
        if (file.Entries.Values.FirstOrDefault(entry => entry.Dtype != ScalarType.Float32) is { } other)
            throw new InvalidDataException($"Expected scores in single precision in {path}, those of {other.Name} are {other.Dtype}.");

        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var read = order.Select(name => (name, Score: file.Read(name))).ToList();
        if (read.Find(item => !item.Score.isfinite().all().ToBoolean()) is { name: { } broken })
            throw new InvalidDataException($"Expected finite scores in {path}, {broken} holds NaN or infinity.");
        foreach (var (_, score) in read)
            score.DetachFromDisposeScope();
        return new AttributionResult(read, summary) { BaseDigest = file.Metadata.GetValueOrDefault(Base) };

        T Read<T>(string key)
            where T : class
        {
            try
            {
                return file.Metadata.TryGetValue(key, out var text) && JsonSerializer.Deserialize<T>(text, Complete) is { } value
                    ? value
                    : throw new InvalidDataException($"Expected \"{key}\" in the metadata of {path}, there is none.");
            }
            catch (JsonException e)
            {
                throw new InvalidDataException($"Expected \"{key}\" in the metadata of {path} as this version writes it: {e.Message}", e);
            }
        }
    }

    public void Dispose()
    {
        foreach (var (_, score) in scores)
            score.Dispose();
    }

    private static void RequireSettings(AttributionSettings settings, string path)
    {
        if (settings.Prompts.Any(prompt => prompt is null))
            throw new InvalidDataException($"Expected prompts in the summary of {path}, one is null.");
        try
        {
            AttributionSettings.Validate(settings);
        }
        catch (ArgumentException e)
        {
            throw new InvalidDataException($"Expected settings of an attribution in the summary of {path}: {e.Message}", e);
        }
    }
}

/// <summary>The figures of an attribution.</summary>
/// <param name="Settings">Settings of the attribution.</param>
/// <param name="Components">Number of scored weights.</param>
/// <param name="Layers">Mass per layer.</param>
/// <param name="Timesteps">Mass per timestep in the order visited: noisiest first when erasing, least noisy first when amplifying.</param>
/// <param name="Stability">Mean Spearman correlation of the scores of two seeds; null with a single seed, or where the scores of one have no spread.</param>
public sealed record AttributionSummary(
    AttributionSettings Settings,
    long Components,
    IReadOnlyList<LayerMass> Layers,
    IReadOnlyList<StepMass> Timesteps,
    double? Stability);
