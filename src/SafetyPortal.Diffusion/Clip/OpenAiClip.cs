using SafetyPortal.Diffusion.Checkpoints;
using SafetyPortal.Diffusion.Safetensors;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Clip;

/// <summary>CLIP weights with the names of openai/CLIP in one safetensors file without a configuration: the sizes are in the shapes.</summary>
public static class OpenAiClip
{
    // OpenAI's models have heads of this width.
    private const int HeadWidth = 64;

    /// <summary>Names and shapes of a model in the order of openai/CLIP's own file.</summary>
    public static IReadOnlyList<ParameterShape> ParameterShapes(ClipConfig config) => OpenAiClipNames.Shapes(config);

    /// <summary>Loads a vision transformer model (ViT-B/32, B/16, L/14 ...) in evaluation mode.</summary>
    /// <param name="path">The safetensors file.</param>
    /// <param name="config">Sizes; null reads them off the shapes, with heads of width 64 as in all of OpenAI's models.</param>
    /// <param name="device">Where to put it; null is the CPU.</param>
    /// <param name="dtype">The type to compute in; the file may hold another.</param>
    /// <exception cref="ModelFormatException">Says which tensor is missing, unexpected or misshapen.</exception>
    public static ClipModel Load(string path, ClipConfig? config = null, Device? device = null, ScalarType dtype = ScalarType.Float32)
    {
        using var file = SafetensorsFile.Open(path);
        config ??= Sizes(file);
        using var renamed = new Renamed(file, ClipModel.ParameterShapes(config));
        return ModuleWeights.Load(on => new ClipModel(config, on), renamed, device, dtype);
    }

    private static ClipConfig Sizes(SafetensorsFile file)
    {
        var patches = Shape(file, "visual.conv1.weight", 4);
        var positions = Shape(file, "visual.positional_embedding", 2);
        var text = Shape(file, "positional_embedding", 2);
        var vocabulary = Shape(file, "token_embedding.weight", 2);
        var projection = Shape(file, "text_projection", 2);
        var side = (int)Math.Round(Math.Sqrt(positions[0] - 1));
        var (visionWidth, textWidth) = ((int)patches[0], (int)text[1]);
        if (side < 1 || (side * side) + 1 != positions[0])
            throw new ModelFormatException($"{file.Location}: visual.positional_embedding has {positions[0]} positions; expected one more than a square");
        if (patches[1] != 3 || patches[2] != patches[3])
            throw new ModelFormatException($"{file.Location}: visual.conv1.weight is [{string.Join(", ", patches)}]; expected [width, 3, patch, patch]");
        return new ClipConfig
        {
            ProjectionDim = (int)projection[1],
            Text = new ClipTextConfig
            {
                VocabSize = (int)vocabulary[0],
                HiddenSize = textWidth,
                IntermediateSize = 4 * textWidth,
                Layers = Layers(file, "transformer.resblocks."),
                Heads = Math.Max(1, textWidth / HeadWidth),
                MaxPositions = (int)text[0],
                EosTokenId = 2, // the largest id marks the end, whatever it is
                ProjectionDim = (int)projection[1],
            },
            Vision = new ClipVisionConfig
            {
                HiddenSize = visionWidth,
                IntermediateSize = 4 * visionWidth,
                Layers = Layers(file, "visual.transformer.resblocks."),
                Heads = Math.Max(1, visionWidth / HeadWidth),
                PatchSize = (int)patches[2],
                ImageSize = side * (int)patches[2],
                ProjectionDim = (int)projection[1],
            },
        };
    }

    // Sizes are multiplied and allocated from, so what a file claims is limited first.
    private static IReadOnlyList<long> Shape(SafetensorsFile file, string name, int dimensions) =>
        file.Entries.TryGetValue(name, out var entry) && entry.Shape.Count == dimensions && entry.Shape.All(d => d is >= 1 and <= 1_000_000)
            ? entry.Shape
            : throw new ModelFormatException($"{file.Location}: expected OpenAI's CLIP with a tensor {name} of {dimensions} dimensions; {(entry is null ? "there is none" : $"it is [{string.Join(", ", entry.Shape)}]")}");

    private static int Layers(SafetensorsFile file, string prefix)
    {
        var layers = 0;
        while (layers < 128 && file.Entries.ContainsKey($"{prefix}{layers}.attn.in_proj_weight"))
            layers++;
        return layers > 0 ? layers : throw new ModelFormatException($"{file.Location}: expected layers {prefix}0 and on; found none");
    }

    /// <summary>Our tensors cut out of theirs.</summary>
    private sealed class Renamed : ITensorSource
    {
        private readonly SafetensorsFile file;
        private readonly Dictionary<string, SafetensorsEntry> entries = new(StringComparer.Ordinal);

        public Renamed(SafetensorsFile file, IReadOnlyList<ParameterShape> shapes)
        {
            this.file = file;
            // Constants that torch.jit archives of these models hold beside the weights.
            var used = new HashSet<string>(["input_resolution", "context_length", "vocab_size"], StringComparer.Ordinal);
            foreach (var (name, _) in shapes)
            {
                var place = OpenAiClipNames.Of(name);
                if (!file.Entries.TryGetValue(place.Name, out var entry))
                    continue;
                used.Add(place.Name);
                entries.Add(name, entry with { Name = name, Shape = OurShape(place, entry.Shape) });
            }

            // What has no place is passed on under its own name, for the message that refuses it.
            foreach (var (name, entry) in file.Entries.Where(e => !used.Contains(e.Key)))
                entries.TryAdd(name, entry);
        }

        public string Location => file.Location;

        public IReadOnlyDictionary<string, SafetensorsEntry> Entries => entries;

        public Tensor Read(string name, ScalarType? @as = null, Device? device = null)
        {
            using var scope = NewDisposeScope();
            var place = OpenAiClipNames.Of(name);
            var value = file.Read(place.Name, @as, device);
            if (place.Part is { } part)
                value = value.narrow(0, part * (value.size(0) / 3), value.size(0) / 3);
            return (place.Transposed ? value.t() : value).contiguous().MoveToOuterDisposeScope();
        }

        public void Dispose()
        {
            // The file is closed by whoever opened it.
        }

        private static long[] OurShape(OpenAiClipNames.Place place, IReadOnlyList<long> shape)
        {
            if (place.Transposed)
                return [.. shape.Reverse()];
            // A first side that is no multiple of three stays, and is then refused as misshapen.
            return place.Part is null || shape.Count == 0 || shape[0] % 3 != 0 ? [.. shape] : [shape[0] / 3, .. shape.Skip(1)];
        }
    }
}
