using System.Text.Json.Serialization;

namespace SafetyPortal.Findings;

/// <summary>Where in the network, in time and in the picture the concept lives.</summary>
/// <param name="Weights">One per candidate tensor, in model order.</param>
/// <param name="Timesteps">Noisiest first.</param>
/// <param name="Attention">Attention to the concept's words; null when not made.</param>
public sealed record ConceptLocation(
    IReadOnlyList<WeightMass> Weights, IReadOnlyList<TimestepMass> Timesteps, AttentionMaps? Attention = null);

/// <summary>Score mass of one weight tensor.</summary>
/// <param name="Name">Name in the checkpoint.</param>
/// <param name="Block">Such as <c>down_blocks.1</c>.</param>
/// <param name="Layer">The layer within the network that the matrix belongs to, such as <c>down_blocks.1.attentions.0.transformer_blocks.0</c>.</param>
/// <param name="Matrix">Its kind, such as <c>ff.net.0.proj</c> or <c>attn2.to_k</c>.</param>
/// <param name="Positive">Sum of the scores that help the concept.</param>
/// <param name="Negative">Sum of the magnitudes of the scores that hold it back.</param>
/// <param name="Components">Number of weights.</param>
/// <param name="Edited">How many of them the edit changes.</param>
public sealed record WeightMass(
    string Name, string Block, string Layer, string Matrix, double Positive, double Negative, long Components, long Edited);

/// <summary>Score mass one timestep adds, and the objective there.</summary>
public sealed record TimestepMass(double Timestep, double Objective, double Positive, double Negative);

/// <summary>Cross-attention to the concept's tokens, averaged over heads, layers and steps, before and after the edit.</summary>
/// <param name="Tokens">The words whose attention is shown.</param>
/// <param name="Sheet">Artifact of a sheet as PNG with the rows before, its map, after, its map.</param>
/// <param name="Pairs">One per image.</param>
public sealed record AttentionMaps(IReadOnlyList<string> Tokens, string Sheet, IReadOnlyList<AttentionPair> Pairs);

/// <summary>The maps of one prompt and seed.</summary>
/// <param name="Before">Artifact of the image under its map, unedited model.</param>
/// <param name="After">The same for the edited model.</param>
/// <param name="ShareBefore">Attention that the concept's tokens receive, of all there is, 0 to 1.</param>
/// <param name="Overlap">Correlation of the two maps over the image, -1 to 1; null when one is flat.</param>
/// <param name="RangeBefore">Lowest and highest share of a place: the ends of the map's colours, each map having its own.</param>
/// <param name="RangeAfter">The same for the edited model.</param>
public sealed record AttentionPair(
    string Prompt,
    long Seed,
    string Before,
    string After,
    double ShareBefore,
    double ShareAfter,
    double? Overlap,
    bool Sensitive,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Interval? RangeBefore = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Interval? RangeAfter = null);
