using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Lab.Parity;

/// <summary>Collects the comparisons of one item.</summary>
internal sealed class ItemChecks
{
    private readonly List<ParityCheck> _checks = [];
    private readonly List<string> _absent = [];
    private readonly List<string> _unchecked = [];

    public IReadOnlyList<ParityCheck> All => _checks;

    public IReadOnlyList<string> AbsentParts => _absent;

    public IReadOnlyList<string> UncheckedParts => _unchecked;

    /// <summary>Largest absolute difference of two tensors of one shape.</summary>
    public void Largest(string name, Tensor actual, Tensor expected, double tolerance) => Compare(name, actual, expected, tolerance, (a, e) => (a - e).abs().max());

    /// <summary>Length of the difference over the length of the expected tensor; where that is zero, the length itself.</summary>
    public void Relative(string name, Tensor actual, Tensor expected, double tolerance) => Compare(name, actual, expected, tolerance, (a, e) =>
    {
        var length = e.norm();
        return (a - e).norm() / (length.ToDouble() > 0 ? length : ones_like(length));
    });

    /// <summary>Largest <c>|a - e| / (atol + rtol |e|)</c>, against 1.</summary>
    public void Close(string name, Tensor actual, Tensor expected, double rtol, double atol)
        => Compare(name, actual, expected, 1, (a, e) => ((a - e).abs() / (e.abs() * rtol + atol)).max());

    /// <summary>Largest absolute difference over the largest expected magnitude (at least 1).</summary>
    public void Scaled(string name, Tensor actual, Tensor expected, double tolerance)
        => Compare(name, actual, expected, tolerance, (a, e) => (a - e).abs().max() / Math.Max(1, e.abs().max().ToDouble()));

    /// <summary>Relative difference of two numbers; absolute where zero is expected, none between equal infinities or two that are no numbers.</summary>
    public void Number(string name, double actual, double expected, double tolerance)
        => Add(name, actual.Equals(expected) ? 0 : Math.Abs(actual - expected) / (expected == 0 ? 1 : Math.Abs(expected)), tolerance);

    /// <summary>Absolute difference of two numbers.</summary>
    public void Absolute(string name, double actual, double expected, double tolerance) => Add(name, Math.Abs(actual - expected), tolerance);

    /// <summary>Equality of two sequences; the error is the number of differing places.</summary>
    public void Exact<T>(string name, IReadOnlyList<T> actual, IReadOnlyList<T> expected)
    {
        if (actual.Count != expected.Count)
            Fail(name, $"expected {expected.Count} values, got {actual.Count}");
        else
            Add(name, Enumerable.Range(0, actual.Count).Count(i => !EqualityComparer<T>.Default.Equals(actual[i], expected[i])), 0);
    }

    /// <summary>A comparison whose error is known already.</summary>
    public void Add(string name, double error, double tolerance) => _checks.Add(new(name, error, tolerance));

    /// <summary>A comparison that could not be made.</summary>
    public void Fail(string name, string problem) => _checks.Add(new(name, double.NaN, 0, problem));

    /// <summary>An optional part that the folder lacks.</summary>
    public void Absent(string part) => _absent.Add(part);

    /// <summary>Parts of the folder that nothing is compared with.</summary>
    public void Unchecked(IEnumerable<string> parts) => _unchecked.AddRange(parts);

    private void Compare(string name, Tensor actual, Tensor expected, double tolerance, Func<Tensor, Tensor, Tensor> error)
    {
        if (!actual.shape.SequenceEqual(expected.shape))
        {
            Fail(name, $"expected shape [{string.Join(", ", expected.shape)}], got [{string.Join(", ", actual.shape)}]");
            return;
        }

        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        Add(name, error(actual.detach().to(ScalarType.Float64), expected.detach().to(ScalarType.Float64)).ToDouble(), tolerance);
    }
}
