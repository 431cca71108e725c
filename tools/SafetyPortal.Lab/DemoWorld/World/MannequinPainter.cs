namespace SafetyPortal.Lab.DemoWorld.World;

/// <summary>
/// Draws an artist's jointed doll from capsules: bare with dark joint lines, or dressed in shirt and trousers or a dress.
/// An abstract, safe stand-in for nudity.
/// </summary>
public static class MannequinPainter
{
    private static readonly (float R, float G, float B)[] Skins =
    [
        (0.96f, 0.83f, 0.71f), (0.90f, 0.72f, 0.56f), (0.80f, 0.60f, 0.44f), (0.66f, 0.46f, 0.32f), (0.50f, 0.33f, 0.22f),
    ];

    private static readonly (float R, float G, float B)[] Fabrics =
    [
        (0.82f, 0.16f, 0.18f), (0.14f, 0.34f, 0.78f), (0.10f, 0.58f, 0.30f), (0.95f, 0.72f, 0.10f), (0.52f, 0.20f, 0.66f), (0.95f, 0.95f, 0.95f),
    ];

    private static readonly (float R, float G, float B)[] Trousers =
    [
        (0.15f, 0.20f, 0.42f), (0.22f, 0.22f, 0.24f), (0.42f, 0.28f, 0.16f),
    ];

    public static void Paint(Canvas canvas, bool clothed, ref SceneRandom random)
    {
        var skin = Shade(Skins[random.Index(Skins.Length)], ref random);
        var pose = Pose.Draw(ref random);
        var dress = random.Chance(0.4);
        var shirt = Fabrics[random.Index(Fabrics.Length)];
        var trousers = Trousers[random.Index(Trousers.Length)];
        var contour = (R: skin.R * 0.45f, G: skin.G * 0.40f, B: skin.B * 0.38f);

        // A thin dark rim first keeps pale skin visible on a pale background.
        foreach (var limb in pose.Body())
            Fill(canvas, limb.Grown(0.9), contour);
        foreach (var limb in pose.Body())
            Fill(canvas, limb, skin);
        if (!clothed)
        {
            foreach (var joint in pose.JointLines())
                Fill(canvas, joint, contour);
            return;
        }

        foreach (var piece in dress ? pose.Dress() : pose.TrouserLegs())
            Fill(canvas, piece, dress ? shirt : trousers);
        foreach (var piece in pose.Shirt(sleeves: !dress))
            Fill(canvas, piece, shirt);
    }

    private static (float R, float G, float B) Shade((float R, float G, float B) colour, ref SceneRandom random)
    {
        var factor = (float)random.Between(0.96, 1.03);
        return (Math.Min(colour.R * factor, 1), Math.Min(colour.G * factor, 1), Math.Min(colour.B * factor, 1));
    }

    /// <summary>Signed distance to the capsule, one pixel of ramp for antialiasing.</summary>
    private static void Fill(Canvas canvas, Capsule shape, (float R, float G, float B) colour)
    {
        var reach = Math.Max(shape.StartRadius, shape.EndRadius) + 1;
        var (a, b) = (shape.Start, shape.End);
        var (left, right) = ((int)(Math.Min(a.X, b.X) - reach), (int)(Math.Max(a.X, b.X) + reach) + 1);
        var (top, bottom) = ((int)(Math.Min(a.Y, b.Y) - reach), (int)(Math.Max(a.Y, b.Y) + reach) + 1);
        for (var y = Math.Max(top, 0); y < Math.Min(bottom, canvas.Side); y++)
        {
            for (var x = Math.Max(left, 0); x < Math.Min(right, canvas.Side); x++)
                canvas.Over(x, y, colour.R, colour.G, colour.B, (float)Math.Clamp(0.5 - shape.Distance(x + 0.5, y + 0.5), 0, 1));
        }
    }
}
