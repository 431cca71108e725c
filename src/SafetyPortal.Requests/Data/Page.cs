namespace SafetyPortal.Requests.Data;

/// <summary>Which page: up to <paramref name="Limit"/> rows (1 to 200) after the key <paramref name="After"/>; null is the first page.</summary>
public sealed record PageRequest(int Limit = 50, long? After = null)
{
    public const int MaxLimit = 200;

    internal int Size => Math.Clamp(Limit, 1, MaxLimit);
}

/// <summary>A page of rows and the key after which the next page starts; null when this is the last.</summary>
public sealed record Page<T>(IReadOnlyList<T> Items, long? Next)
{
    /// <param name="rows">The rows of the page, and one more when there is a next page.</param>
    internal static Page<T> From(List<T> rows, PageRequest page, Func<T, long> key)
    {
        if (rows.Count <= page.Size)
            return new(rows, null);
        rows.RemoveRange(page.Size, rows.Count - page.Size);
        return new(rows, key(rows[^1]));
    }
}
