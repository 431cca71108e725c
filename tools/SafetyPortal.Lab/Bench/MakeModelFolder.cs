using System.Diagnostics;
using SafetyPortal.Diffusion.Clip;
using SafetyPortal.Diffusion.Safetensors;
using SafetyPortal.Diffusion.Unet;
using SafetyPortal.Diffusion.Vae;
using static TorchSharp.torch;

namespace SafetyPortal.Lab.Bench;

/// <summary>Writes the folder of a <see cref="MakeModelPreset"/>: its configurations, random weights of their sizes and a tokenizer.</summary>
internal static class MakeModelFolder
{
    private static readonly Dictionary<string, string> Metadata = new(StringComparer.Ordinal) { ["format"] = "pt" };

    /// <summary>Writes into a <c>.partial</c> folder and renames it at the end, so that an unfinished folder never has the final name.</summary>
    /// <exception cref="DirectoryNotFoundException">There is no folder to take a tokenizer from.</exception>
    /// <exception cref="InvalidDataException">The folder to take it from has none.</exception>
    public static Report Write(
        MakeModelPreset preset, string folder, ScalarType dtype, long seed, int shards, string? tokenizer, CancellationToken cancellation)
    {
        if (tokenizer is not null)
            RequireTokenizer(tokenizer);
        var target = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        var partial = target + ".partial";
        DeletePartial();
        try
        {
            var report = WriteTo(preset, partial, dtype, seed, shards, tokenizer, cancellation);
            if (Directory.Exists(target))
                Directory.Delete(target); // throws unless it is empty
            Directory.Move(partial, target);
            return report with { Path = target };
        }
        catch
        {
            DeletePartial();
            throw;
        }

        void DeletePartial()
        {
            if (Directory.Exists(partial))
                Directory.Delete(partial, recursive: true);
        }
    }

    private static Report WriteTo(
        MakeModelPreset preset, string folder, ScalarType dtype, long seed, int shards, string? tokenizer, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        foreach (var (file, content) in preset.Files)
        {
            var path = Path.Combine(folder, file);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(path, content);
        }

        var parameters = new SortedDictionary<string, long>(StringComparer.Ordinal);
        foreach (var part in (string[])["text_encoder", "text_encoder_2", "unet", "vae"])
        {
            if (preset.Config(part) is not { } config)
                continue;
            if (part.StartsWith("text_encoder", StringComparison.Ordinal))
            {
                var exclamation = part == "text_encoder_2" || preset.Name.StartsWith("sd2", StringComparison.Ordinal);
                var name = part.Replace("text_encoder", "tokenizer", StringComparison.Ordinal);
                WriteTokenizer(ClipTextConfig.From(config), Path.Combine(folder, name), tokenizer, exclamation ? "!" : TokenizerFolder.End);
            }

            var (stem, tensors) = Tensors(preset, part, dtype, seed);
            parameters[part] = tensors.Where(t => t.Dtype == dtype).Sum(t => t.Shape.Aggregate(1L, (product, size) => product * size));
            var cancellable = tensors.Select(t => t with { Value = () => Checked(t.Value, cancellation) }).ToList();
            ShardedSafetensorsWriter.Write(Path.Combine(folder, part), stem, cancellable, part == "unet" ? shards : 1, Metadata);
        }

        File.WriteAllText(Path.Combine(folder, "README.md"), Readme(preset, seed, tokenizer));
        return new Report(folder, preset.Name, parameters, dtype.ToString(), Bytes(folder), Math.Round(clock.Elapsed.TotalSeconds, 1));
    }

    private static (string Stem, List<DeferredTensor> Tensors) Tensors(MakeModelPreset preset, string part, ScalarType dtype, long seed)
    {
        var file = preset.Config(part)!;
        switch (part)
        {
            case "unet":
                return ("diffusion_pytorch_model", MakeModelWeights.Of(UNet2DConditionModel.ParameterShapes(UNetConfig.From(file)), dtype, seed));
            case "vae":
                return ("diffusion_pytorch_model", MakeModelWeights.Of(
                    AutoencoderKL.ParameterShapes(VaeConfig.From(file)), dtype, seed, preset.OldAutoencoderNames ? AutoencoderKL.FormerName : null));
            default:
                var config = ClipTextConfig.From(file);
                var tensors = MakeModelWeights.Of(ClipTextModel.ParameterShapes(config), dtype, seed);
                if (preset.OldAutoencoderNames) // files of that age hold the constant that text encoders were saved with
                {
                    tensors.Add(new DeferredTensor(
                        "text_model.embeddings.position_ids",
                        [1, config.MaxPositions],
                        ScalarType.Int64,
                        () => arange(0, config.MaxPositions).unsqueeze(0)));
                }

                return ("model", tensors);
        }
    }

    private static Tensor Checked(Func<Tensor> value, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        return value();
    }

    // Without a source: every byte is a token, with and without the mark of a word's end, and start and end have the two largest ids. Such a
    // tokenizer reads any text, in more tokens than a trained one needs.
    private static void WriteTokenizer(ClipTextConfig config, string folder, string? source, string pad)
    {
        if (source is null)
        {
            string[] bytes = [.. TokenizerFolder.ByteSymbols().Order(StringComparer.Ordinal)]; // printable ones first, as CLIP numbers them
            string[] tokens = [.. bytes, .. bytes.Select(b => b + TokenizerFolder.EndOfWord)];
            if (config.VocabSize < tokens.Length + 2)
                throw new InvalidDataException($"Expected a vocabulary of at least {tokens.Length + 2} for a tokenizer of bytes, got {config.VocabSize}.");
            var ids = tokens.Index().ToDictionary(t => t.Item, t => t.Index, StringComparer.Ordinal);
            (ids[TokenizerFolder.Start], ids[TokenizerFolder.End]) = (config.VocabSize - 2, config.VocabSize - 1);
            TokenizerFolder.Write(folder, ids, [], config.MaxPositions, pad);
            return;
        }

        Directory.CreateDirectory(folder);
        foreach (var name in (string[])["vocab.json", "merges.txt", "tokenizer_config.json", "special_tokens_map.json"])
        {
            if (File.Exists(Path.Combine(source, name)))
                File.Copy(Path.Combine(source, name), Path.Combine(folder, name), overwrite: true);
        }
    }

    private static void RequireTokenizer(string source)
    {
        if (!Directory.Exists(source))
            throw new DirectoryNotFoundException($"Expected a folder with a tokenizer at {source}, there is none.");
        foreach (var name in (string[])["vocab.json", "merges.txt"])
        {
            if (!File.Exists(Path.Combine(source, name)))
                throw new InvalidDataException($"Expected {name} of a tokenizer in {source}, there is none.");
        }
    }

    private static string Readme(MakeModelPreset preset, long seed, string? tokenizer) =>
        $"""
        # {preset.Name} with random weights

        Written by `portal bench make-model --config {preset.Name}`, seed {seed}. Configurations, tensor names and shapes are those of the
        {(preset.OldAutoencoderNames || preset.Name == "sdxl" ? "published model" : "preset")}; the weights are random, so its images are noise.
        It serves to measure time and memory.
        {(tokenizer is null
            ? "The tokenizer knows single bytes and no merges; a prompt has more tokens than with the published one, and is padded or cut to the same length."
            : "The tokenizer was copied from a folder that was given.")}

        """;

    private static long Bytes(string folder) => new DirectoryInfo(folder).EnumerateFiles("*", SearchOption.AllDirectories).Sum(f => f.Length);

    /// <param name="Parameters">Numbers per part.</param>
    public sealed record Report(string Path, string Config, IReadOnlyDictionary<string, long> Parameters, string Dtype, long Bytes, double Seconds)
    {
        public string ToText() =>
            $"{Path}: {Config} in {Dtype}, {string.Join(", ", Parameters.Select(p => $"{p.Key} {p.Value:N0}"))} parameters, {Bytes:N0} bytes, {Seconds} s";
    }
}
