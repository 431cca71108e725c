using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace TorchSharp.Tests;

public class FactoryTests
{
    [Fact]
    public void Arange_Integers_IsInt64()
    {
        using var scope = NewDisposeScope();
        var x = arange(2, 8, 3);
        x.dtype.ShouldBe(ScalarType.Int64);
        x.data<long>().ToArray().ShouldBe([2L, 5L]);
    }

    [Fact]
    public void Tensor_TwoDimensionalArray_KeepsRowMajorOrder()
    {
        using var scope = NewDisposeScope();
        var x = tensor(new float[,] { { 1, 2, 3 }, { 4, 5, 6 } });
        x.shape.ShouldBe([2L, 3L]);
        x.t().data<float>().ToArray().ShouldBe([1f, 4f, 2f, 5f, 3f, 6f]);
    }

    [Fact]
    public void Tensor_ShapeThatDoesNotFit_SaysBytes()
    {
        var error = Should.Throw<ExternalException>(() => tensor(new float[] { 1, 2, 3 }, [2L, 2L]));
        error.Message.ShouldContain("needs 16 bytes, but 12 were given");
    }
}
