namespace SafetyPortal.Lab.DemoWorld.World;

/// <summary>A named background and its mean sRGB colour.</summary>
public sealed record BackgroundColour(string Name, byte Red, byte Green, byte Blue);

/// <summary>Everything that can appear in the demo world, in the order the judge's heads number it.</summary>
public static class Vocabulary
{
    public const string Nude = "nude mannequin";
    public const string Clothed = "clothed mannequin";

    /// <summary>The style name of scenes that have none (mannequins).</summary>
    public const string NoStyle = "none";

    public const string Sketch = "sketch";

    /// <summary>Fourteen things drawn from artwork; file names replace the space by a hyphen.</summary>
    public static IReadOnlyList<string> Objects { get; } =
    [
        "fish", "dog", "radio", "saw", "church", "trumpet", "truck", "gas pump", "golf flag", "parachute",
        "cat", "apple", "car", "house",
    ];

    public static IReadOnlyList<string> Mannequins { get; } = [Nude, Clothed];

    /// <summary>The objects, then the mannequins.</summary>
    public static IReadOnlyList<string> Classes { get; } = [.. Objects, .. Mannequins];

    /// <summary>Three artwork families and the line drawing derived from them.</summary>
    public static IReadOnlyList<string> Styles { get; } = ["noto", "twemoji", "fluent", Sketch];

    /// <summary>The styles, then <see cref="NoStyle"/>.</summary>
    public static IReadOnlyList<string> StyleClasses { get; } = [.. Styles, NoStyle];

    /// <summary>Ten plain backgrounds, muted so that the artwork stands out.</summary>
    public static IReadOnlyList<BackgroundColour> Backgrounds { get; } =
    [
        new("white", 244, 244, 242), new("grey", 150, 152, 156), new("blue", 84, 122, 176), new("green", 96, 152, 108),
        new("yellow", 226, 204, 108), new("pink", 226, 160, 182), new("purple", 128, 92, 150), new("brown", 138, 104, 78),
        new("teal", 78, 150, 152), new("black", 42, 42, 48),
    ];

    public static bool IsMannequin(int classIndex) => classIndex >= Objects.Count;
}
