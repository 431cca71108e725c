using static TorchSharp.torch;

namespace TorchSharp.Tests.nn;

/// <summary>
/// Inputs that are easy to make twice: element i is sin(i f). The expected numbers of these tests were printed by PyTorch 1.13.1
/// (Python, CPU, one thread) from the same waves, rounded to six places.
/// </summary>
internal static class Waves
{
    public static Tensor Wave(params long[] shape) => Wave(0.37, shape);

    public static Tensor Wave(double frequency, params long[] shape)
    {
        var count = shape.Aggregate(1L, (product, side) => product * side);
        var values = new float[count];
        for (var i = 0; i < values.Length; i++)
            values[i] = (float)Math.Sin(i * frequency);
        return tensor(values, shape);
    }

    /// <summary>Compares the first elements and the sum of magnitudes, which covers the rest.</summary>
    public static void ShouldStartWith(this Tensor actual, float[] first, double sumOfMagnitudes, params long[] shape)
    {
        using var scope = NewDisposeScope();
        actual.shape.ShouldBe(shape);
        var values = actual.detach().contiguous().data<float>().ToArray();
        for (var i = 0; i < first.Length; i++)
            values[i].ShouldBe(first[i], 2e-5f, $"element {i}");
        values.Sum(value => (double)Math.Abs(value)).ShouldBe(sumOfMagnitudes, 2e-4 * Math.Max(1, sumOfMagnitudes / 10));
    }
}
