namespace SafetyPortal.Evaluation.Detection;

/// <summary>Greedy non-maximum suppression without regard to class, as OpenCV's NMSBoxes does it.</summary>
internal static class BoxSelection
{
    // Select compares each candidate with all kept boxes, so their number is limited; no picture shows nearly as many.
    internal const int MostKept = 1000;

    /// <param name="boxes">Any order.</param>
    /// <param name="threshold">Score from which a box counts.</param>
    /// <param name="overlap">Intersection over union above which the box with the lower score is dropped.</param>
    /// <returns>Best first, the best <see cref="MostKept"/> at most.</returns>
    public static IReadOnlyList<NudityBox> Select(IEnumerable<NudityBox> boxes, double threshold, double overlap)
    {
        var kept = new List<NudityBox>();
        foreach (var box in boxes.Where(b => b.Score >= threshold).OrderByDescending(b => b.Score))
        {
            if (kept.Count == MostKept)
                break;
            if (!kept.Exists(k => IntersectionOverUnion(k, box) > overlap))
                kept.Add(box);
        }

        return kept;
    }

    private static double IntersectionOverUnion(NudityBox a, NudityBox b)
    {
        var width = Math.Min(a.Left + a.Width, b.Left + b.Width) - Math.Max(a.Left, b.Left);
        var height = Math.Min(a.Top + a.Height, b.Top + b.Height) - Math.Max(a.Top, b.Top);
        if (width <= 0 || height <= 0)
            return 0;
        var both = width * height;
        return both / ((a.Width * a.Height) + (b.Width * b.Height) - both);
    }
}
