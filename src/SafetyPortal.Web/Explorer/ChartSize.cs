namespace SafetyPortal.Web.Explorer;

/// <summary>
/// The two sizes of charts. A chart that only shrank would have unreadable letters on a telephone, so it is drawn once for
/// either size, and the style sheet shows the one that fits.
/// </summary>
/// <param name="Width">Width of the drawing in its own units, which come close to pixels in the box it is shown in.</param>
public sealed record ChartSize(int Width)
{
    public static readonly ChartSize Wide = new(640);
    public static readonly ChartSize Narrow = new(300);

    /// <summary>Labels of rows are above the rows; axes have fewer marks.</summary>
    public bool IsNarrow => Width < 400;

    public string Class => IsNarrow ? "chart is-narrow" : "chart is-wide";

    /// <summary>One of two numbers, by size.</summary>
    public int Pick(int wide, int narrow) => IsNarrow ? narrow : wide;
}
