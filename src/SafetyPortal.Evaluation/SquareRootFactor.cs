using System.Numerics;

namespace SafetyPortal.Evaluation;

/// <summary>
/// A factor L with <c>S = L L^T</c> of a positive semi-definite matrix, by Cholesky with diagonal pivoting. Columns stop at the
/// numerical rank, so that few images of many features give a narrow factor in place of noise.
/// </summary>
internal sealed class SquareRootFactor
{
    private readonly double[] _rows;
    private readonly int _size;

    private SquareRootFactor(double[] rows, int size, int rank) => (_rows, _size, Rank) = (rows, size, rank);

    /// <summary>Columns of the factor.</summary>
    public int Rank { get; }

    public static SquareRootFactor Of(double[,] matrix)
    {
        var n = matrix.GetLength(0);
        var rows = new double[n * n]; // row i of L at i * n, the first `rank` entries used
        var remaining = new double[n];
        for (var i = 0; i < n; i++)
            remaining[i] = matrix[i, i];
        var tolerance = n * Math.ScaleB(1, -52) * remaining.Max();
        var rank = 0;
        for (; rank < n; rank++)
        {
            var pivot = 0;
            for (var i = 1; i < n; i++)
            {
                if (remaining[i] > remaining[pivot])
                    pivot = i;
            }

            if (!(remaining[pivot] > tolerance))
                break;
            var root = Math.Sqrt(remaining[pivot]);
            var pivotRow = rows.AsSpan(pivot * n, rank);
            for (var i = 0; i < n; i++)
            {
                var value = i == pivot ? root : (matrix[i, pivot] - Dot(rows.AsSpan(i * n, rank), pivotRow)) / root;
                if (remaining[i] == double.NegativeInfinity)
                    value = 0; // already a pivot: its row is complete
                rows[(i * n) + rank] = value;
                if (i != pivot && remaining[i] != double.NegativeInfinity)
                    remaining[i] -= value * value;
            }

            remaining[pivot] = double.NegativeInfinity;
        }

        return new(rows, n, rank);
    }

    /// <summary><c>this^T other</c>, [Rank, other.Rank].</summary>
    public double[,] TransposeTimes(SquareRootFactor other)
    {
        var product = new double[Rank, other.Rank];
        var row = new double[other.Rank];
        for (var a = 0; a < Rank; a++)
        {
            Array.Clear(row);
            for (var i = 0; i < _size; i++)
                AddScaled(row, other._rows.AsSpan(i * _size, other.Rank), _rows[(i * _size) + a]);
            for (var b = 0; b < other.Rank; b++)
                product[a, b] = row[b];
        }

        return product;
    }

    private static double Dot(ReadOnlySpan<double> x, ReadOnlySpan<double> y)
    {
        var sum = Vector<double>.Zero;
        var i = 0;
        for (; i <= x.Length - Vector<double>.Count; i += Vector<double>.Count)
            sum += new Vector<double>(x[i..]) * new Vector<double>(y[i..]);
        var total = Vector.Sum(sum);
        for (; i < x.Length; i++)
            total += x[i] * y[i];
        return total;
    }

    private static void AddScaled(Span<double> target, ReadOnlySpan<double> source, double factor)
    {
        var i = 0;
        for (; i <= target.Length - Vector<double>.Count; i += Vector<double>.Count)
            (new Vector<double>(target[i..]) + (new Vector<double>(source[i..]) * factor)).CopyTo(target[i..]);
        for (; i < target.Length; i++)
            target[i] += source[i] * factor;
    }
}
