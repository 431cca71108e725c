using System.Text;
using SafetyPortal.Diffusion.Safetensors;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Tests.Safetensors;

public sealed class ShardedSafetensorsTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly DisposeScope scope = NewDisposeScope();

    public ShardedSafetensorsTests()
    {
        SafetensorsWriter.Write(folder.At("m-1.safetensors"), [("a", ones([2]))]);
        SafetensorsWriter.Write(folder.At("m-2.safetensors"), [("b", zeros([3]))]);
    }

    [Fact]
    public void Read_TensorsOfTwoShards_FindsBoth()
    {
        using var source = ShardedSafetensors.Open(Index("""{"metadata":{"total_size":20},"weight_map":{"a":"m-1.safetensors","b":"m-2.safetensors"}}"""));
        source.Entries.Keys.ShouldBe(["a", "b"]);
        source.Read("a").data<float>().ToArray().ShouldBe([1f, 1f]);
        source.Read("b").shape.ShouldBe([3]);
    }

    [Theory]
    [InlineData("""{"weight_map":{"a":"../m-1.safetensors"}}""", "expected the plain name of a .safetensors file")]
    [InlineData("""{"weight_map":{"a":"/etc/passwd"}}""", "expected the plain name of a .safetensors file")]
    [InlineData("""{"weight_map":{"a":"m-1.bin"}}""", "expected the plain name of a .safetensors file")]
    [InlineData("""{"weight_map":{"a":"m-3.safetensors"}}""", "names files that are missing: m-3.safetensors")]
    [InlineData("""{"weight_map":{"a":"m-2.safetensors"}}""", "maps \"a\" to m-2.safetensors, which does not hold it")]
    [InlineData("""{"weight_map":{"a":7}}""", "maps \"a\" to Number; expected a file name")]
    [InlineData("""{"weight_map":{"a":"m-1.safetensors","a":"m-1.safetensors"}}""", "is not well-formed JSON")]
    [InlineData("""{"weights":{}}""", "has no object \"weight_map\"")]
    [InlineData("[]", "expected a JSON object, got []")]
    [InlineData("{", "is not well-formed JSON")]
    public void Open_BadIndex_SaysWhatIsWrong(string index, string message) =>
        Should.Throw<ModelFormatException>(() => ShardedSafetensors.Open(Index(index))).Message.ShouldContain(message);

    [Fact]
    public void Open_ShardWithUnlistedTensor_NamesIt()
    {
        SafetensorsWriter.Write(folder.At("m-1.safetensors"), [("a", ones([2])), ("hidden", ones([2]))]);
        Should.Throw<ModelFormatException>(() => ShardedSafetensors.Open(Index("""{"weight_map":{"a":"m-1.safetensors"}}""")))
            .Message.ShouldContain("does not list \"hidden\" for m-1.safetensors");
    }

    public void Dispose()
    {
        scope.Dispose();
        folder.Dispose();
    }

    private string Index(string json) => folder.Write("m.safetensors.index.json", Encoding.UTF8.GetBytes(json));
}
