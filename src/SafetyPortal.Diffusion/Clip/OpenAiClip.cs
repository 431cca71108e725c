using System.Globalization;
using SafetyPortal.Diffusion.Checkpoints;
using SafetyPortal.Diffusion.Safetensors;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Clip;

/// <summary>Who trained a CLIP. Tensor shapes do not show the activation and the width of the heads; the origin does.</summary>
public enum ClipOrigin
{
    /// <summary>OpenAI: QuickGELU and heads of 64.</summary>
    OpenAi,

    /// <summary>OpenCLIP, as LAION trained it: exact GELU, and heads of 64, or of 80 in ViT-H, 88 in ViT-g and 104 in ViT-bigG.</summary>
    OpenClip,
}

/// <summary>CLIP weights with the tensor names of openai/CLIP in one safetensors file. The shapes hold all sizes but the heads'.</summary>
public static class OpenAiClip
{
    /// <summary>OpenCLIP's configuration, which its repositories keep in the folder of the weights.</summary>
    public const string ConfigName = "open_clip_config.json";

    private const int HeadWidth = 64;
    private const string ImageLayers = "visual.transformer.resblocks.";
    private const string TextLayers = "transformer.resblocks.";

    // Width of the heads by width of the image tower, in the models that both projects published.
    private static readonly Dictionary<int, int> OpenAiHeads = new() { [768] = HeadWidth, [1024] = HeadWidth };
    private static readonly Dictionary<int, int> OpenClipHeads = new() { [768] = HeadWidth, [1024] = HeadWidth, [1280] = 80, [1408] = 88, [1664] = 104 };

    /// <summary>Loads a vision transformer model (ViT-B/32, B/16, L/14, H/14 ...) in evaluation mode.</summary>
    /// <param name="path">The safetensors file; activation and heads come from <see cref="ConfigName"/> in its folder, if there is one.</param>
    /// <param name="origin">Who trained the model; null needs <see cref="ConfigName"/>.</param>
    /// <param name="device">Where to put it; null is the CPU.</param>
    /// <param name="dtype">The type to compute in; the file may hold another.</param>
    /// <exception cref="ModelFormatException">Activation and heads are unknown, or a tensor is missing, unexpected or misshapen.</exception>
    public static ClipModel Load(string path, ClipOrigin? origin = null, Device? device = null, ScalarType dtype = ScalarType.Float32)
    {
        using var file = SafetensorsFile.Open(path);
        var config = ConfigOf(file, origin);
        using var renamed = new Renamed(file, ClipModel.ParameterShapes(config));
        return ModuleWeights.Load(on => new ClipModel(config, on), renamed, device, dtype);
    }

    /// <exception cref="ModelFormatException">Pictures are not normalised as OpenAI's CLIP takes them; the message names the setting.</exception>
    public static void RequirePixels(ModelConfigFile file, string mean, string deviation)
    {
        ArgumentNullException.ThrowIfNull(file);
        file.Support(mean, "[0.48145466,0.4578275,0.40821073]");
        file.Support(deviation, "[0.26862954,0.26130258,0.27577711]");
    }

    /// <summary>Returns the configuration of a file.</summary>
    /// <exception cref="ModelFormatException">Activation and heads are unknown, or the shapes are not those of CLIP.</exception>
    internal static ClipConfig ConfigOf(SafetensorsFile file, ClipOrigin? origin)
    {
        var sizes = Sizes(file);
        var path = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(file.Location))!, ConfigName);
        if (File.Exists(path))
            return FromOpenClip(ModelConfigFile.Open(path), sizes);
        return origin is { } known ? Published(file, known, sizes) : throw new ModelFormatException(
            $"{file.Location}: expected {ConfigName} in the same folder, or who trained it (ClipOrigin, --clip-origin: OpenAi or OpenClip); "
            + "shapes do not show the activation");
    }

    private static ClipConfig Published(SafetensorsFile file, ClipOrigin origin, ClipConfig sizes)
    {
        var heads = origin == ClipOrigin.OpenAi ? OpenAiHeads : OpenClipHeads;
        var (image, text, widths) = (sizes.Vision.HiddenSize, sizes.Text.HiddenSize, string.Join(", ", heads.Keys));
        if (!heads.TryGetValue(image, out var width) || text % HeadWidth != 0)
        {
            throw new ModelFormatException(
                $"{file.Location}: expected an image tower of {origin}, {widths} wide, got {image}; put {ConfigName} into its folder");
        }

        return With(sizes, origin == ClipOrigin.OpenAi ? ClipActivation.QuickGelu : ClipActivation.Gelu, image / width, text / HeadWidth);
    }

    private static ClipConfig FromOpenClip(ModelConfigFile file, ClipConfig sizes)
    {
        // Any other key would change the network.
        var model = file.Section("model_cfg");
        var (image, text) = (model.Section("vision_cfg"), model.Section("text_cfg"));
        model.Only("embed_dim", "quick_gelu", "vision_cfg", "text_cfg");
        image.Only("image_size", "layers", "width", "head_width", "patch_size", "mlp_ratio");
        text.Only("context_length", "vocab_size", "layers", "width", "heads", "mlp_ratio");
        var expected = new (ModelConfigFile Section, string Key, int Size)[]
        {
            (model, "embed_dim", sizes.ProjectionDim),
            (image, "image_size", sizes.Vision.ImageSize), (image, "layers", sizes.Vision.Layers),
            (image, "width", sizes.Vision.HiddenSize), (image, "patch_size", sizes.Vision.PatchSize),
            (text, "context_length", sizes.Text.MaxPositions), (text, "vocab_size", sizes.Text.VocabSize),
            (text, "layers", sizes.Text.Layers), (text, "width", sizes.Text.HiddenSize),
        };
        foreach (var (section, key, size) in expected)
            section.Support(key, size.ToString(CultureInfo.InvariantCulture));
        RequirePixels(file.Section("preprocess_cfg"), "mean", "std");
        var (imageWidth, textWidth) = (sizes.Vision.HiddenSize, sizes.Text.HiddenSize);
        var (width, heads) = (image.Int32("head_width", HeadWidth, 1, imageWidth), text.Int32("heads", 8, 1, textWidth));
        if (imageWidth % width != 0 || textWidth % heads != 0)
            throw new ModelFormatException($"{file.Location}: expected divisors of {imageWidth} and {textWidth}, got head_width = {width} and heads = {heads}");
        return With(sizes, model.Flag("quick_gelu", absent: false) ? ClipActivation.QuickGelu : ClipActivation.Gelu, imageWidth / width, heads);
    }

    private static ClipConfig With(ClipConfig sizes, ClipActivation activation, int imageHeads, int textHeads) => sizes with
    {
        Text = sizes.Text with { Heads = textHeads, Activation = activation },
        Vision = sizes.Vision with { Heads = imageHeads, Activation = activation },
    };

    private static ClipConfig Sizes(SafetensorsFile file)
    {
        var patches = Shape(file, "visual.conv1.weight", 4);
        var positions = Shape(file, "visual.positional_embedding", 2);
        var text = Shape(file, "positional_embedding", 2);
        var vocabulary = Shape(file, "token_embedding.weight", 2);
        var projection = Shape(file, "text_projection", 2);
        var side = (int)Math.Round(Math.Sqrt(positions[0] - 1));
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
                HiddenSize = (int)text[1],
                IntermediateSize = (int)Shape(file, TextLayers + "0.mlp.c_fc.weight", 2)[0],
                Layers = Layers(file, TextLayers),
                MaxPositions = (int)text[0],
                EosTokenId = 2, // the largest id marks the end, whatever it is
                ProjectionDim = (int)projection[1],
            },
            Vision = new ClipVisionConfig
            {
                HiddenSize = (int)patches[0],
                IntermediateSize = (int)Shape(file, ImageLayers + "0.mlp.c_fc.weight", 2)[0],
                Layers = Layers(file, ImageLayers),
                PatchSize = (int)patches[2],
                ImageSize = side * (int)patches[2],
                ProjectionDim = (int)projection[1],
            },
        };
    }

    // The network is allocated from these sizes, so they are limited first.
    private static IReadOnlyList<long> Shape(SafetensorsFile file, string name, int dimensions)
    {
        if (file.Entries.TryGetValue(name, out var entry) && entry.Shape.Count == dimensions && entry.Shape.All(d => d is >= 1 and <= 1_000_000))
            return entry.Shape;
        var found = entry is null ? "nothing" : $"[{string.Join(", ", entry.Shape)}]";
        throw new ModelFormatException($"{file.Location}: expected OpenAI's CLIP with a tensor {name} of {dimensions} dimensions, got {found}");
    }

    private static int Layers(SafetensorsFile file, string prefix)
    {
        var layers = 0;
        while (layers < 128 && file.Entries.ContainsKey($"{prefix}{layers}.attn.in_proj_weight"))
            layers++;
        return layers > 0 ? layers : throw new ModelFormatException($"{file.Location}: expected layers {prefix}0 and on; found none");
    }

    // Our tensors, cut out of theirs.
    private sealed class Renamed : ITensorSource
    {
        private readonly SafetensorsFile file;
        private readonly Dictionary<string, SafetensorsEntry> entries = new(StringComparer.Ordinal);

        public Renamed(SafetensorsFile file, IReadOnlyList<ParameterShape> shapes)
        {
            this.file = file;
            // OpenAI's torch.jit archives hold these constants next to the weights.
            var used = new HashSet<string>(["input_resolution", "context_length", "vocab_size"], StringComparer.Ordinal);
            foreach (var (name, _) in shapes)
            {
                var place = OpenAiClipNames.Of(name);
                if (!file.Entries.TryGetValue(place.Name, out var entry))
                    continue;
                used.Add(place.Name);
                entries.Add(name, entry with { Name = name, Shape = place.OurShape(entry.Shape) });
            }

            // A tensor without a place keeps its own name, for the message that refuses it.
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
            // Load closes the file.
        }
    }
}
