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
    public readonly record struct Place(string Name, int? Part, bool Transposed)
    {
        /// <summary>Returns the shape of our tensor. A first side that is no multiple of three stays; the loader then refuses it as misshapen.</summary>
        public IReadOnlyList<long> OurShape(IReadOnlyList<long> theirs)
        {
            if (Transposed)
                return [.. theirs.Reverse()];
            return Part is null || theirs.Count == 0 || theirs[0] % 3 != 0 ? theirs : [theirs[0] / 3, .. theirs.Skip(1)];
        }
    }

    private static readonly (string Ours, string Theirs)[] Names =
    [
        ("text_model.encoder.layers.", "transformer.resblocks."),
        ("text_model.embeddings.token_embedding.weight", "token_embedding.weight"),
        ("text_model.embeddings.position_embedding.weight", "positional_embedding"),
        ("text_model.final_layer_norm", "ln_final"),
        ("vision_model.encoder.layers.", "visual.transformer.resblocks."),
        ("vision_model.embeddings.class_embedding", "visual.class_embedding"),
        ("vision_model.embeddings.patch_embedding.weight", "visual.conv1.weight"),
        ("vision_model.embeddings.position_embedding.weight", "visual.positional_embedding"),
        ("vision_model.pre_layrnorm", "visual.ln_pre"),
        ("vision_model.post_layernorm", "visual.ln_post"),
        ("self_attn.out_proj", "attn.out_proj"), ("layer_norm1", "ln_1"), ("layer_norm2", "ln_2"), ("mlp.fc1", "mlp.c_fc"), ("mlp.fc2", "mlp.c_proj"),
    ];

    private static readonly string[] Attention = ["self_attn.q_proj.", "self_attn.k_proj.", "self_attn.v_proj."];

    /// <summary>Returns where one of our tensors is found.</summary>
    public static Place Of(string ours)
    {
        if (ours == "text_projection.weight")
            return new("text_projection", null, Transposed: true);
        if (ours == "visual_projection.weight")
            return new("visual.proj", null, Transposed: true);
        var theirs = Names.Aggregate(ours, (name, pair) => name.Replace(pair.Ours, pair.Theirs, StringComparison.Ordinal));
        var part = Array.FindIndex(Attention, theirs.Contains);
        return part < 0
            ? new(theirs, null, Transposed: false)
            : new(theirs.Replace(Attention[part], "attn.in_proj_", StringComparison.Ordinal), part, Transposed: false);
    }
}
