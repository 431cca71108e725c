using static TorchSharp.torch;

namespace SafetyPortal.Erasure.RedTeam;

/// <summary>
/// SoftImpute (Mazumder, Hastie and Tibshirani 2010, JMLR 11, algorithm 1): fills the missing entries of a matrix from a low-rank model of
/// the others, <c>Z = S_lambda(P(X) + P'(Z))</c> with the singular values shrunk by lambda.
/// </summary>
internal static class LowRankCompletion
{
    private const double FirstShrinkage = 0.5;
    private const double LastShrinkage = 0.05;

    /// <summary>The completed matrix; entries that were not missing keep their values.</summary>
    /// <param name="matrix">[r, c], float32.</param>
    /// <param name="missing">[r, c], true where nothing is known.</param>
    /// <param name="iterations">Decompositions; lambda falls from a half to a twentieth of the largest singular value over them.</param>
    /// <param name="cancellation">Checked before each decomposition.</param>
    public static Tensor Complete(Tensor matrix, Tensor missing, int iterations, CancellationToken cancellation = default)
    {
        using var frozen = no_grad();
        using var outer = NewDisposeScope();
        var known = matrix.masked_fill(missing, 0);
        var current = known.clone();
        for (var i = 0; i < iterations; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            var (u, s, vh) = linalg.svd(current, fullMatrices: false);
            var share = iterations == 1 ? LastShrinkage : FirstShrinkage * Math.Pow(LastShrinkage / FirstShrinkage, i / (iterations - 1.0));
            var shrunk = (s - (s.max() * share)).clamp(min: 0); // [k]
            var low = (u * shrunk).mm(vh);
            var next = where(missing, low, known);
            current.Dispose();
            current = next.MoveToOuterDisposeScope();
        }

        return current.MoveToOuterDisposeScope();
    }
}
