using SafetyPortal.Diffusion;
using SafetyPortal.Diffusion.Safetensors;
using SafetyPortal.Images;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Evaluation.Backbones;

/// <summary>
/// Loading and properties; its numbers are compared with the reference implementation by the parity command on 08_metrics.
/// </summary>
public sealed class LpipsTests : IDisposable
{
    private readonly DisposeScope scope = NewDisposeScope();
    private readonly string folder = Directory.CreateTempSubdirectory("lpips").FullName;

    [Fact]
    public void Compare_EqualPictures_IsZero_AndGrowsWithTheDifference()
    {
        using var lpips = Lpips.Load(Backbone("features."), Linear("lin{0}.model.1.weight"));
        var (grey, lighter, white) = (Plain(100), Plain(130), Plain(255));

        lpips.Backbone.ShouldBe("AlexNet");
        lpips.Compare(grey, grey).ShouldBe(0);
        var small = lpips.Compare(grey, lighter);
        small.ShouldBeGreaterThan(0);
        lpips.Compare(grey, white).ShouldBeGreaterThan(small);
    }

    [Fact]
    public void Load_NamesAsLpipsSavesThem_GivesTheSameDistance()
    {
        var (a, b) = (Plain(40), Plain(180));
        using var torchvision = Lpips.Load(Backbone("features."), Linear("lin{0}.model.1.weight"));
        using var own = Lpips.Load(Backbone("net.slice1."), Linear("lins.{0}.model.1.weight"));

        own.Compare(a, b).ShouldBe(torchvision.Compare(a, b));
    }

    [Fact]
    public void Load_VggNames_ChoosesVgg() =>
        Should.Throw<ModelFormatException>(() => Lpips.Load(Write("vgg", [("features.5.weight", zeros(128, 64, 3, 3))])))
            .Message.ShouldContain("LPIPS with VGG-16");

    [Fact]
    public void Load_MissingAndMisshapen_NamesBoth()
    {
        var linear = Write("linear", [("lin0.model.1.weight", zeros(1, 63, 1, 1)), ("lin1.model.1.weight", zeros(1, 192, 1, 1))]);
        var message = Should.Throw<ModelFormatException>(() => Lpips.Load(Backbone("features."), linear)).Message;

        message.ShouldContain("3 missing: lin2.model.1.weight [1, 384, 1, 1]");
        message.ShouldContain("lin0.model.1.weight expected [1, 64, 1, 1], got [1, 63, 1, 1]");
    }

    [Fact]
    public void Load_CopiesThatDiffer_IsRefused()
    {
        using var equal = Lpips.Load(Backbone("features."), Linear("lin{0}.model.1.weight"), Linear("lins.{0}.model.1.weight"));
        var other = Write("linear", [("lins.0.model.1.weight", zeros(1, 64, 1, 1))]);

        Should.Throw<ModelFormatException>(() => Lpips.Load(Backbone("features."), Linear("lin{0}.model.1.weight"), other))
            .Message.ShouldContain("lins.0.model.1.weight expected once or in equal copies");
    }

    [Fact]
    public void Load_NotANumber_IsRefused() =>
        Should.Throw<ModelFormatException>(() => Lpips.Load(Backbone("features.", spoilt: true), Linear("lin{0}.model.1.weight")))
            .Message.ShouldContain("NaN");

    public void Dispose()
    {
        scope.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    private static Raster Plain(byte value)
    {
        // A grey square on black: plain pictures would differ in no feature but the mean.
        var pixels = new byte[48 * 48 * 3];
        for (var p = 0; p < pixels.Length; p++)
            pixels[p] = (p / 3 % 48) is > 12 and < 36 && (p / 3 / 48) is > 12 and < 36 ? value : (byte)0;
        return new(48, 48, 3, pixels);
    }

    private string Backbone(string prefix, bool spoilt = false)
    {
        manual_seed(3);
        var tensors = LpipsLayout.AlexNet.Backbone
            .Select(s => (Name: prefix + s.Name["features.".Length..], Value: rand([.. s.Shape]).sub(0.5).mul(0.1)))
            .ToList();
        if (spoilt)
            tensors[1].Value.fill_(float.NaN);
        return Write(prefix.Trim('.'), tensors);
    }

    private string Linear(string pattern) =>
        Write("linear", LpipsLayout.AlexNet.Groups.Select((g, i) => (string.Format(null, pattern, i), ones(1, g[^1].Out, 1, 1))));

    private string Write(string name, IEnumerable<(string Name, Tensor Value)> tensors)
    {
        var path = Path.Combine(folder, $"{name}-{Guid.NewGuid():N}.safetensors");
        SafetensorsWriter.Write(path, tensors, new Dictionary<string, string>(StringComparer.Ordinal));
        return path;
    }
}
