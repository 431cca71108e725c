namespace SafetyPortal.Lab.DemoWorld.World;

/// <summary>A tapered stroke with round ends, in pixels.</summary>
public sealed record Capsule(double X1, double Y1, double X2, double Y2, double StartRadius, double EndRadius)
{
    public Capsule Grown(double by) => this with { StartRadius = StartRadius + by, EndRadius = EndRadius + by };

    /// <summary>Distance from (x, y) to the rim, negative inside; the radius runs linearly along the axis.</summary>
    public double Distance(double x, double y)
    {
        var (dx, dy) = (X2 - X1, Y2 - Y1);
        var length2 = dx * dx + dy * dy;
        var t = length2 > 0 ? Math.Clamp(((x - X1) * dx + (y - Y1) * dy) / length2, 0, 1) : 0;
        var (ox, oy) = (x - X1 - t * dx, y - Y1 - t * dy);
        return Math.Sqrt(ox * ox + oy * oy) - (StartRadius + t * (EndRadius - StartRadius));
    }
}

/// <summary>Joint positions of a standing doll in the 64 x 64 picture.</summary>
public sealed class Pose
{
    private readonly double _x;
    private readonly double _y;
    private readonly (double X, double Y)[] _elbow = new (double, double)[2];
    private readonly (double X, double Y)[] _hand = new (double, double)[2];
    private readonly (double X, double Y)[] _knee = new (double, double)[2];
    private readonly (double X, double Y)[] _foot = new (double, double)[2];

    private Pose(double x, double y) => (_x, _y) = (x, y);

    public static Pose Draw(ref SceneRandom random)
    {
        var pose = new Pose(32 + random.Between(-3, 3), 32 + random.Between(-1, 1));
        for (var side = 0; side < 2; side++)
        {
            var sign = side == 0 ? -1 : 1;
            var arm = random.Between(0.25, 1.75);
            var fore = arm + random.Between(-0.35, 0.5);
            var leg = random.Between(0.04, 0.32);
            var shoulder = pose.Shoulder(sign);
            pose._elbow[side] = (shoulder.X + sign * Math.Sin(arm) * 9, shoulder.Y + Math.Cos(arm) * 9);
            pose._hand[side] = (pose._elbow[side].X + sign * Math.Sin(fore) * 9, pose._elbow[side].Y + Math.Cos(fore) * 9);
            var hip = pose.Hip(sign);
            pose._knee[side] = (hip.X + sign * Math.Sin(leg) * 11, hip.Y + Math.Cos(leg) * 11);
            pose._foot[side] = (pose._knee[side].X + sign * Math.Sin(leg * 0.7) * 11, pose._knee[side].Y + Math.Cos(leg * 0.7) * 11);
        }

        return pose;
    }

    /// <summary>Legs, trunk, arms, neck and head, in painting order.</summary>
    public IEnumerable<Capsule> Body()
    {
        for (var side = 0; side < 2; side++)
        {
            var hip = Hip(side == 0 ? -1 : 1);
            yield return new Capsule(hip.X, hip.Y, _knee[side].X, _knee[side].Y, 3.6, 2.9);
            yield return new Capsule(_knee[side].X, _knee[side].Y, _foot[side].X, _foot[side].Y, 2.8, 2.0);
            var shoulder = Shoulder(side == 0 ? -1 : 1);
            yield return new Capsule(shoulder.X, shoulder.Y, _elbow[side].X, _elbow[side].Y, 2.7, 2.2);
            yield return new Capsule(_elbow[side].X, _elbow[side].Y, _hand[side].X, _hand[side].Y, 2.2, 1.8);
        }

        foreach (var part in Trunk(0))
            yield return part;
        yield return new Capsule(_x, _y - 17, _x, _y - 14, 1.8, 1.8);
        yield return new Capsule(_x, _y - 23, _x, _y - 20.5, 4.6, 4.2);
    }

    /// <summary>Dark rings at neck, shoulders, elbows, waist, hips and knees, as on an artist's doll.</summary>
    public IEnumerable<Capsule> JointLines()
    {
        yield return new Capsule(_x - 2.2, _y - 15.5, _x + 2.2, _y - 15.5, 0.6, 0.6);
        yield return new Capsule(_x - 4, _y - 1, _x + 4, _y - 1, 0.6, 0.6);
        for (var side = 0; side < 2; side++)
        {
            var sign = side == 0 ? -1 : 1;
            yield return Across(Shoulder(sign), _elbow[side], 2.2);
            yield return Across(_elbow[side], _hand[side], 2.0);
            yield return Across(Hip(sign), _knee[side], 3.2);
            yield return Across(_knee[side], _foot[side], 2.6);
        }
    }

    /// <summary>Trousers from hip to just above the foot.</summary>
    public IEnumerable<Capsule> TrouserLegs()
    {
        for (var side = 0; side < 2; side++)
        {
            var hip = Hip(side == 0 ? -1 : 1);
            var (knee, foot) = (_knee[side], _foot[side]);
            yield return new Capsule(hip.X, hip.Y, knee.X, knee.Y, 4.4, 3.7);
            yield return new Capsule(knee.X, knee.Y, knee.X + (foot.X - knee.X) * 0.75, knee.Y + (foot.Y - knee.Y) * 0.75, 3.7, 3.2);
        }

        yield return new Capsule(_x - 2.5, _y + 4.5, _x + 2.5, _y + 4.5, 4.4, 4.4);
    }

    /// <summary>A skirt that widens from the waist to the knees.</summary>
    public IEnumerable<Capsule> Dress()
    {
        yield return new Capsule(_x, _y, _x, _y + 13, 5.2, 8.6);
        yield return new Capsule(_x - 6, _y + 14, _x + 6, _y + 14, 3.2, 3.2);
    }

    /// <summary>Covers the trunk, with or without sleeves to the elbows.</summary>
    public IEnumerable<Capsule> Shirt(bool sleeves)
    {
        foreach (var part in Trunk(0.9))
            yield return part;
        for (var side = 0; side < 2 && sleeves; side++)
        {
            var shoulder = Shoulder(side == 0 ? -1 : 1);
            yield return new Capsule(shoulder.X, shoulder.Y, _elbow[side].X, _elbow[side].Y, 3.5, 3.0);
        }
    }

    private IEnumerable<Capsule> Trunk(double grow)
    {
        yield return new Capsule(_x - 4, _y - 11, _x + 4, _y - 11, 3.4 + grow, 3.4 + grow);
        yield return new Capsule(_x, _y - 9, _x, _y + 1, 6 + grow, 4.6 + grow);
        yield return new Capsule(_x - 1.6, _y + 3, _x + 1.6, _y + 3, 4.6 + grow, 4.6 + grow);
    }

    private (double X, double Y) Shoulder(int sign) => (_x + sign * 6, _y - 11);

    private (double X, double Y) Hip(int sign) => (_x + sign * 3.4, _y + 5);

    private static Capsule Across((double X, double Y) joint, (double X, double Y) towards, double half)
    {
        var (dx, dy) = (towards.X - joint.X, towards.Y - joint.Y);
        var scale = half / Math.Sqrt(dx * dx + dy * dy);
        return new Capsule(joint.X - dy * scale, joint.Y + dx * scale, joint.X + dy * scale, joint.Y - dx * scale, 0.6, 0.6);
    }
}
