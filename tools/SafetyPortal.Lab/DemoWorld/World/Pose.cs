using Point = (double X, double Y);

namespace SafetyPortal.Lab.DemoWorld.World;

/// <summary>A tapered stroke with round ends, in pixels.</summary>
public sealed record Capsule(Point Start, Point End, double StartRadius, double EndRadius)
{
    public Capsule Grown(double by) => this with { StartRadius = StartRadius + by, EndRadius = EndRadius + by };

    /// <summary>Distance from (x, y) to the rim, negative inside; the radius runs linearly along the axis.</summary>
    public double Distance(double x, double y)
    {
        var (dx, dy) = (End.X - Start.X, End.Y - Start.Y);
        var length2 = dx * dx + dy * dy;
        var t = length2 > 0 ? Math.Clamp(((x - Start.X) * dx + (y - Start.Y) * dy) / length2, 0, 1) : 0;
        var (ox, oy) = (x - Start.X - t * dx, y - Start.Y - t * dy);
        return Math.Sqrt(ox * ox + oy * oy) - (StartRadius + t * (EndRadius - StartRadius));
    }
}

/// <summary>Joint positions of a standing doll in the 64 x 64 picture.</summary>
public sealed class Pose
{
    private readonly double x;
    private readonly double y;
    private readonly Limbs[] sides;

    private Pose(ref SceneRandom random)
    {
        (x, y) = (32 + random.Between(-3, 3), 32 + random.Between(-1, 1));
        sides = [DrawLimbs(-1, ref random), DrawLimbs(1, ref random)];
    }

    private sealed record Limbs(Point Shoulder, Point Elbow, Point Hand, Point Hip, Point Knee, Point Foot);

    public static Pose Draw(ref SceneRandom random) => new(ref random);

    /// <summary>Legs, trunk, arms, neck and head, in painting order.</summary>
    public IEnumerable<Capsule> Body() =>
    [
        .. sides.SelectMany(s => (Capsule[])
        [
            new(s.Hip, s.Knee, 3.6, 2.9), new(s.Knee, s.Foot, 2.8, 2.0), new(s.Shoulder, s.Elbow, 2.7, 2.2), new(s.Elbow, s.Hand, 2.2, 1.8),
        ]),
        .. Trunk(0),
        new((x, y - 17), (x, y - 14), 1.8, 1.8),
        new((x, y - 23), (x, y - 20.5), 4.6, 4.2),
    ];

    /// <summary>Dark rings at neck, shoulders, elbows, waist, hips and knees, as on an artist's doll.</summary>
    public IEnumerable<Capsule> JointLines() =>
    [
        new((x - 2.2, y - 15.5), (x + 2.2, y - 15.5), 0.6, 0.6),
        new((x - 4, y - 1), (x + 4, y - 1), 0.6, 0.6),
        .. sides.SelectMany(s => (Capsule[])
        [
            Across(s.Shoulder, s.Elbow, 2.2), Across(s.Elbow, s.Hand, 2.0), Across(s.Hip, s.Knee, 3.2), Across(s.Knee, s.Foot, 2.6),
        ]),
    ];

    /// <summary>Trousers from hip to just above the foot.</summary>
    public IEnumerable<Capsule> TrouserLegs() =>
    [
        .. sides.SelectMany(s => (Capsule[])
        [
            new(s.Hip, s.Knee, 4.4, 3.7),
            new(s.Knee, (s.Knee.X + (s.Foot.X - s.Knee.X) * 0.75, s.Knee.Y + (s.Foot.Y - s.Knee.Y) * 0.75), 3.7, 3.2),
        ]),
        new((x - 2.5, y + 4.5), (x + 2.5, y + 4.5), 4.4, 4.4),
    ];

    /// <summary>A skirt that widens from the waist to the knees.</summary>
    public IEnumerable<Capsule> Dress() => [new((x, y), (x, y + 13), 5.2, 8.6), new((x - 6, y + 14), (x + 6, y + 14), 3.2, 3.2)];

    /// <summary>Covers the trunk, with or without sleeves to the elbows.</summary>
    public IEnumerable<Capsule> Shirt(bool sleeves) =>
        [.. Trunk(0.9), .. sides.Where(_ => sleeves).Select(s => new Capsule(s.Shoulder, s.Elbow, 3.5, 3.0))];

    private Limbs DrawLimbs(int sign, ref SceneRandom random)
    {
        var arm = random.Between(0.25, 1.75);
        var fore = arm + random.Between(-0.35, 0.5);
        var leg = random.Between(0.04, 0.32);
        Point shoulder = (x + sign * 6, y - 11);
        Point hip = (x + sign * 3.4, y + 5);
        var (elbow, knee) = (Bone(shoulder, arm, 9), Bone(hip, leg, 11));
        return new(shoulder, elbow, Bone(elbow, fore, 9), hip, knee, Bone(knee, leg * 0.7, 11));

        Point Bone(Point joint, double angle, double length) => (joint.X + sign * Math.Sin(angle) * length, joint.Y + Math.Cos(angle) * length);
    }

    private Capsule[] Trunk(double grow) =>
    [
        new((x - 4, y - 11), (x + 4, y - 11), 3.4 + grow, 3.4 + grow),
        new((x, y - 9), (x, y + 1), 6 + grow, 4.6 + grow),
        new((x - 1.6, y + 3), (x + 1.6, y + 3), 4.6 + grow, 4.6 + grow),
    ];

    private static Capsule Across(Point joint, Point towards, double half)
    {
        var (dx, dy) = (towards.X - joint.X, towards.Y - joint.Y);
        var scale = half / Math.Sqrt(dx * dx + dy * dy);
        return new((joint.X - dy * scale, joint.Y + dx * scale), (joint.X + dy * scale, joint.Y - dx * scale), 0.6, 0.6);
    }
}
