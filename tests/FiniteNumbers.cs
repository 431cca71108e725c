namespace SafetyPortal.Tests;

/// <summary>NaN is less than everything to <see cref="IComparable{T}"/>, and so to every assertion of an upper bound.</summary>
internal static class FiniteNumbers
{
    /// <summary>The value, asserted to be a number.</summary>
    public static double Finite(this double value, string? what = null)
    {
        double.IsFinite(value).ShouldBeTrue($"expected a finite number, got {value}{(what is null ? "" : " for " + what)}");
        return value;
    }
}
