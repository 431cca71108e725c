namespace SafetyPortal.Web.Shell;

/// <summary>
/// The two sizes of charts. The letters of a chart that only shrank would be unreadable on a telephone, so <see cref="Chart"/> draws both sizes.
/// </summary>
/// <param name="Width">Width of the drawing in its own units, which are close to pixels on the page.</param>
public sealed record ChartSize(int Width)
{
    public static readonly ChartSize Wide = new(640);
    public static readonly ChartSize Narrow = new(300);

    /// <summary>Labels of rows are above the rows; axes have fewer marks.</summary>
    public bool IsNarrow => Width < 400;

    /// <summary>Returns the number for this size.</summary>
    public int Pick(int wide, int narrow) => IsNarrow ? narrow : wide;
}
