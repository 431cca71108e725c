using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace TorchSharp.Tests;

public class ErrorTests
{
    [Fact]
    public void Matmul_ShapesThatDoNotFit_ThrowsLibtorchsText()
    {
        using var scope = NewDisposeScope();
        var error = Should.Throw<ExternalException>(() => ones(2, 3).matmul(ones(4, 5)));
        error.Message.ShouldBe("mat1 and mat2 shapes cannot be multiplied (2x3 and 4x5)");
    }

    [Fact]
    public void Error_Text_HasNoNativeStack()
    {
        using var scope = NewDisposeScope();
        var error = Should.Throw<ExternalException>(() => ones(2).view(3));
        error.Message.ShouldContain("shape '[3]' is invalid for input of size 2");
        error.Message.ShouldNotContain("frame #");
    }

    [Fact]
    public void Error_AfterManyFailures_TheProcessStillComputes()
    {
        using var scope = NewDisposeScope();
        var x = ones(2, 3);
        for (var i = 0; i < 100; i++)
            Should.Throw<ExternalException>(() => x.bmm(x));
        x.sum().item<float>().ShouldBe(6f);
    }

    [Fact]
    public void Cat_ListWithNull_NamesThePosition()
    {
        using var scope = NewDisposeScope();
        Should.Throw<ExternalException>(() => cat([ones(2), null!])).Message.ShouldContain("expected a tensor at position 1 of a list of 2, got null");
    }

    [Fact]
    public void Index_NullTensor_IsRefused()
    {
        using var scope = NewDisposeScope();
        Should.Throw<ExternalException>(() => ones(2).index(TensorIndex.Tensor(null!))).Message.ShouldContain("expected a tensor as index 0 of 1, got null");
    }

    [Fact]
    public void To_CudaWithoutCuda_Throws()
    {
        if (cuda.is_available())
            return;
        using var scope = NewDisposeScope();
        Should.Throw<ExternalException>(() => ones(1).cuda());
    }

    [Theory]
    [InlineData("tpu")]
    [InlineData("cuda:x")]
    [InlineData("")]
    public void Device_UnknownText_SaysWhatIsExpected(string description) =>
        Should.Throw<ArgumentException>(() => new Device(description)).Message.ShouldContain("Expected a device such as 'cpu'");

    [Fact]
    public void Device_WithNumber_RoundTripsAsText()
    {
        new Device("cuda:1").index.ShouldBe(1);
        new Device("cuda:1").ToString().ShouldBe("cuda:1");
        CPU.ToString().ShouldBe("cpu");
    }
}
