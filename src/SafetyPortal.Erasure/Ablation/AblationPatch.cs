using System.Text.Json;
using SafetyPortal.Diffusion.Safetensors;
using static TorchSharp.torch;

namespace SafetyPortal.Erasure.Ablation;

/// <summary>
/// An edit of a UNet as a file: which entries of which weights change and to what, with the digest of the weights it applies to and of
/// the weights it must result in. Without fill values the entries become zero.
/// </summary>
public sealed class AblationPatch
{
    private const string Format = "safety-portal-patch/1";
    private const string IndexSuffix = ".indices";
    private const string FillSuffix = ".fill";
    private static readonly JsonSerializerOptions Strict = new() { AllowDuplicateProperties = false };

    internal AblationPatch(
        IReadOnlyList<PatchTensor> tensors, string baseDigest, string resultDigest, IReadOnlyDictionary<string, string> notes)
    {
        Tensors = tensors;
        BaseDigest = baseDigest;
        ResultDigest = resultDigest;
        Notes = notes;
    }

    /// <summary>The changed tensors, in candidate order; tensors that keep all their weights are left out.</summary>
    public IReadOnlyList<PatchTensor> Tensors { get; }

    /// <summary><see cref="WeightsDigest"/> of the UNet the patch applies to.</summary>
    public string BaseDigest { get; }

    /// <summary><see cref="WeightsDigest"/> of the UNet once the patch is applied.</summary>
    public string ResultDigest { get; }

    /// <summary>Facts that the patch records, such as concept and settings.</summary>
    public IReadOnlyDictionary<string, string> Notes { get; }

    /// <summary>Number of changed weights.</summary>
    public long Count => Tensors.Sum(t => (long)t.Mask.Indices.Length);

    /// <summary>The changed entries without their new values.</summary>
    public AblationMask Mask => new([.. Tensors.Select(t => t.Mask)]);

    /// <summary>Writes the patch; the same patch gives the same bytes.</summary>
    public void Save(string path)
    {
        using var scope = NewDisposeScope();
        var entries = new List<(string, Tensor)>();
        foreach (var (mask, fill) in Tensors)
        {
            var indices = tensor(mask.Indices, [mask.Indices.Length]);
            entries.Add((mask.Name + IndexSuffix, mask.Numel > int.MaxValue ? indices : indices.to(ScalarType.Int32)));
            if (fill is not null)
                entries.Add((mask.Name + FillSuffix, tensor(fill, [fill.Length])));
        }

        SafetensorsWriter.Write(path, entries, new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["format"] = Format,
            ["base_digest"] = BaseDigest,
            ["result_digest"] = ResultDigest,
            ["shapes"] = JsonSerializer.Serialize(Tensors.Select(t => new KeyValuePair<string, IReadOnlyList<long>>(t.Mask.Name, t.Mask.Shape))),
            ["notes"] = JsonSerializer.Serialize(Notes.OrderBy(n => n.Key, StringComparer.Ordinal).ToDictionary(StringComparer.Ordinal)),
        });
    }

    /// <summary>
    /// Reads a patch. The file is untrusted: every tensor of the file must belong to one that is listed once, indices must be whole numbers that
    /// ascend inside it, and new values must be finite.
    /// </summary>
    /// <exception cref="Diffusion.ModelFormatException">The file is damaged.</exception>
    /// <exception cref="InvalidDataException">The file is not a patch, or one of these checks failed.</exception>
    public static AblationPatch Load(string path)
    {
        using var scope = NewDisposeScope();
        using var file = SafetensorsFile.Open(path);
        var format = file.Metadata.GetValueOrDefault("format");
        if (format != Format)
            throw new InvalidDataException($"Expected {path} to be a patch ({Format}), its format is \"{format}\".");

        var shapes = Parse<KeyValuePair<string, long[]>[]>("shapes");
        if (shapes.CountBy(shape => shape.Key ?? string.Empty, StringComparer.Ordinal).FirstOrDefault(named => named.Value > 1) is { Key: { } twice })
            throw new InvalidDataException($"Expected each tensor once in {path}, {twice} occurs several times.");
        var listed = shapes.SelectMany(shape => new[] { shape.Key + IndexSuffix, shape.Key + FillSuffix }).ToHashSet(StringComparer.Ordinal);
        if (file.Entries.Keys.FirstOrDefault(name => !listed.Contains(name)) is { } surplus)
            throw new InvalidDataException($"Expected tensors of the patch alone in {path}, {surplus} belongs to none that \"shapes\" lists.");
        var tensors = shapes.Select(shape => ReadTensor(file, shape.Key ?? string.Empty, shape.Value, path)).ToList();
        return new AblationPatch(tensors, Required("base_digest"), Required("result_digest"), Parse<Dictionary<string, string>>("notes"));

        string Required(string key) =>
            file.Metadata.GetValueOrDefault(key) ?? throw new InvalidDataException($"Expected \"{key}\" in the metadata of {path}, it is missing.");

        T Parse<T>(string key)
        {
            try
            {
                return JsonSerializer.Deserialize<T>(Required(key), Strict)
                    ?? throw new InvalidDataException($"Expected a value for \"{key}\" in the metadata of {path}, got null.");
            }
            catch (JsonException e)
            {
                throw new InvalidDataException($"Expected JSON in \"{key}\" of the metadata of {path}: {e.Message}", e);
            }
        }
    }

    private static PatchTensor ReadTensor(SafetensorsFile file, string name, long[] shape, string path)
    {
        using var scope = NewDisposeScope();
        if (shape is null || shape.Length == 0 || shape.Any(size => size < 1))
            throw new InvalidDataException($"Expected positive sizes for {name} in {path}, got [{string.Join(", ", shape ?? [])}].");
        RequireList(file, name + IndexSuffix, path, ScalarType.Int32, ScalarType.Int64);
        var mask = new TensorMask(name, shape, file.Read(name + IndexSuffix, ScalarType.Int64).data<long>().ToArray());
        var indices = mask.Indices;
        for (var i = 0; i < indices.Length; i++)
        {
            if (indices[i] < 0 || indices[i] >= mask.Numel || (i > 0 && indices[i] <= indices[i - 1]))
                throw new InvalidDataException($"Expected ascending indices below {mask.Numel} for {name} in {path}, number {i} is {indices[i]}.");
        }

        if (!file.Entries.ContainsKey(name + FillSuffix))
            return new PatchTensor(mask, null);
        RequireList(file, name + FillSuffix, path, ScalarType.Float32);
        var fill = file.Read(name + FillSuffix).data<float>().ToArray();
        if (fill.Length != indices.Length)
            throw new InvalidDataException($"Expected {indices.Length} fill values for {name} in {path}, got {fill.Length}.");
        if (Array.FindIndex(fill, value => !float.IsFinite(value)) is >= 0 and var broken)
            throw new InvalidDataException($"Expected finite fill values for {name} in {path}, number {broken} is {fill[broken]}.");
        return new PatchTensor(mask, fill);
    }

    // Converting another type could change the numbers.
    private static void RequireList(SafetensorsFile file, string name, string path, params ScalarType[] types)
    {
        if (!file.Entries.TryGetValue(name, out var entry) || entry.Shape.Count != 1 || !types.Contains(entry.Dtype))
        {
            var found = entry is null ? "nothing" : $"[{string.Join(", ", entry.Shape)}] of {entry.Dtype}";
            throw new InvalidDataException($"Expected {name} in {path} as a list of {string.Join(" or ", types)}, got {found}.");
        }
    }
}

/// <summary>The changed entries of one tensor and their new values.</summary>
/// <param name="Fill">New values in the order of the indices; null means zeros.</param>
public sealed record PatchTensor(TensorMask Mask, float[]? Fill);
