using SafetyPortal.Diffusion.Checkpoints;

namespace SafetyPortal.Diffusion.Clip;

/// <summary>
/// CLIP's tensors as openai/CLIP names them: queries, keys and values in one matrix, the projections transposed. Each is made of one or
/// three tensors of <see cref="ClipModel"/>.
/// </summary>
internal static class OpenAiClipNames
{
    /// <summary>The place of one of our tensors in an OpenAI tensor.</summary>
    /// <param name="Name">Name in the OpenAI file.</param>
    /// <param name="Part">0 for queries, 1 for keys, 2 for values; null for a tensor of its own.</param>
    /// <param name="Transposed">True for the projections.</param>
    public readonly record struct Place(string Name, int? Part, bool Transposed);

    private static readonly (string Ours, string Theirs)[] Singles =
    [
        ("text_model.embeddings.token_embedding.weight", "token_embedding.weight"),
        ("text_model.embeddings.position_embedding.weight", "positional_embedding"),
        ("text_model.final_layer_norm", "ln_final"),
        ("vision_model.embeddings.class_embedding", "visual.class_embedding"),
        ("vision_model.embeddings.patch_embedding.weight", "visual.conv1.weight"),
        ("vision_model.embeddings.position_embedding.weight", "visual.positional_embedding"),
        ("vision_model.pre_layrnorm", "visual.ln_pre"),
        ("vision_model.post_layernorm", "visual.ln_post"),
    ];

    private static readonly (string Ours, string Theirs)[] InLayer =
    [
        ("self_attn.out_proj", "attn.out_proj"), ("layer_norm1", "ln_1"), ("layer_norm2", "ln_2"), ("mlp.fc1", "mlp.c_fc"), ("mlp.fc2", "mlp.c_proj"),
    ];

    private static readonly string[] Attention = ["self_attn.q_proj.", "self_attn.k_proj.", "self_attn.v_proj."];

    /// <summary>Where one of our tensors is found.</summary>
    public static Place Of(string ours)
    {
        if (ours == "text_projection.weight")
            return new("text_projection", null, Transposed: true);
        if (ours == "visual_projection.weight")
            return new("visual.proj", null, Transposed: true);
        foreach (var (tower, theirTower) in new[] { ("text_model.encoder.layers.", "transformer.resblocks."), ("vision_model.encoder.layers.", "visual.transformer.resblocks.") })
        {
            if (!ours.StartsWith(tower, StringComparison.Ordinal))
                continue;
            var dot = ours.IndexOf('.', tower.Length);
            return OfLayer(theirTower + ours[tower.Length..(dot + 1)], ours[(dot + 1)..]);
        }

        return new(Replace(ours, Singles), null, Transposed: false);
    }

    /// <summary>Names and shapes of a model in the order of openai/CLIP's own file.</summary>
    public static IReadOnlyList<ParameterShape> Shapes(ClipConfig config)
    {
        var shapes = new Dictionary<string, ParameterShape>(StringComparer.Ordinal);
        foreach (var (name, shape) in ClipModel.ParameterShapes(config))
        {
            var place = Of(name);
            long[] size = place.Transposed ? [.. shape.Reverse()] : place.Part is null ? [.. shape] : [3 * shape[0], .. shape.Skip(1)];
            shapes.TryAdd(place.Name, new(place.Name, size));
        }

        return [.. shapes.Values.OrderBy(s => Order(s.Name)).ThenBy(s => s.Name.Contains("resblocks", StringComparison.Ordinal) ? Layer(s.Name) : 0).ThenBy(s => Within(s.Name))];
    }

    private static Place OfLayer(string prefix, string rest)
    {
        for (var part = 0; part < Attention.Length; part++)
        {
            if (rest.StartsWith(Attention[part], StringComparison.Ordinal))
                return new($"{prefix}attn.in_proj_{rest[Attention[part].Length..]}", part, Transposed: false);
        }

        return new(prefix + Replace(rest, InLayer), null, Transposed: false);
    }

    private static string Replace(string name, (string Ours, string Theirs)[] table)
    {
        var (ours, theirs) = Array.Find(table, t => name.StartsWith(t.Ours, StringComparison.Ordinal));
        return ours is null ? name : theirs + name[ours.Length..];
    }

    private static int Order(string name) => Array.FindIndex(
        [
            "positional_embedding", "text_projection", "logit_scale", "visual.class_embedding", "visual.positional_embedding", "visual.proj", "visual.conv1", "visual.ln_pre",
            "visual.transformer", "visual.ln_post", "transformer", "token_embedding", "ln_final",
        ],
        prefix => name.StartsWith(prefix, StringComparison.Ordinal));

    private static int Layer(string name)
    {
        var start = name.IndexOf("resblocks.", StringComparison.Ordinal) + "resblocks.".Length;
        return int.Parse(name.AsSpan(start, name.IndexOf('.', start) - start), System.Globalization.CultureInfo.InvariantCulture);
    }

    private static int Within(string name)
    {
        var part = Array.FindIndex(["attn.in_proj", "attn.out_proj", "ln_1", "mlp.c_fc", "mlp.c_proj", "ln_2"], p => name.Contains(p, StringComparison.Ordinal));
        return (2 * part) + (name.EndsWith("bias", StringComparison.Ordinal) ? 1 : 0);
    }
}
