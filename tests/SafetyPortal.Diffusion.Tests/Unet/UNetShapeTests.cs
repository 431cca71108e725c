using SafetyPortal.Diffusion.Unet;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Tests.Unet;

/// <summary>Networks of other sizes than the published ones.</summary>
public sealed class UNetShapeTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public static TheoryData<string, UNetConfig> Configurations => new()
    {
        { "three blocks, attention below full resolution", Small },
        { "linear projections, two transformer layers", Small with { UseLinearProjection = true, TransformerLayersPerBlock = 2 } },
        { "settings per block", Small with { AttentionHeads = new[] { 1, 2, 4 }, LayersPerBlock = new[] { 1, 2, 1 } } },
        { "one block", Small with { BlockOutChannels = [16], DownBlockTypes = [UNetConfig.CrossAttentionDown], UpBlockTypes = [UNetConfig.PlainUp] } },
        { "sine first, asymmetric downsampling", Small with { FlipSinToCos = false, FreqShift = 1, DownsamplePadding = 0, CenterInputSample = true } },
        { "pooled text and sizes added", Small with { Added = new AddedConditions(4, 24 + 12), TransformerLayersPerBlock = new[] { 1, 2, 3 } } },
        { "odd sizes", Small with { TimeEmbeddingDim = 20, ConvInKernel = 1, ConvOutKernel = 5, InChannels = 3, OutChannels = 5 } },
        { "odd settings", Small with { MidBlockScaleFactor = 2, UpcastAttention = true } },
    };

    private static UNetConfig Small => new()
    {
        BlockOutChannels = [8, 16, 24],
        DownBlockTypes = [UNetConfig.PlainDown, UNetConfig.CrossAttentionDown, UNetConfig.CrossAttentionDown],
        UpBlockTypes = [UNetConfig.CrossAttentionUp, UNetConfig.CrossAttentionUp, UNetConfig.PlainUp],
        LayersPerBlock = 1,
        CrossAttentionDim = 12,
        AttentionHeads = 4,
        NormNumGroups = 4,
    };

    [Theory]
    [MemberData(nameof(Configurations))]
    public void Forward_AnyResolution_KeepsItAndGivesEveryParameterAGradient(string what, UNetConfig config)
    {
        using var unet = new UNet2DConditionModel(config);
        using var scope = NewDisposeScope();
        foreach (var (height, width) in new[] { (8L, 8L), (12L, 20L), (9L, 7L) })
        {
            var output = unet.call(randn(2, config.InChannels, height, width), tensor([3L, 900L]), randn(2, 5, config.CrossAttentionDim[0]));
            output.shape.ShouldBe([2, config.OutChannels, height, width], what);
            output.sum().backward();
        }

        foreach (var (name, parameter) in unet.named_parameters())
            parameter.grad.ShouldNotBeNull(name);
    }

    [Theory]
    [MemberData(nameof(Configurations))]
    public void Checkpointed_Backward_GivesEveryParameterTheGradientOfTheWholeGraph(string what, UNetConfig config)
    {
        using var unet = new UNet2DConditionModel(config);
        using var scope = NewDisposeScope();
        var (sample, timesteps, text) = (randn(2, config.InChannels, 9, 7), tensor([3L, 900L]), randn(2, 5, config.CrossAttentionDim[0]));
        var gradient = randn(2, config.OutChannels, 9, 7);
        var output = unet.call(sample, timesteps, text);
        autograd.backward(output, gradient);
        var wanted = unet.named_parameters().Select(p => (p.name, p.parameter, grad: p.parameter.grad!)).ToList();
        foreach (var parameter in unet.parameters())
            parameter.grad = null;

        using (var prediction = unet.Checkpointed(sample, timesteps, text))
        {
            (prediction.Noise - output).abs().max().ToDouble().ShouldBe(0, 1e-5, what);
            prediction.Noise.requires_grad.ShouldBeFalse();
            prediction.Backward(gradient);
        }

        foreach (var (name, parameter, grad) in wanted)
            ((parameter.grad! - grad).norm() / grad.norm().clamp_min(1e-6)).ToDouble().ShouldBe(0, 1e-4, $"{what}: {name}");
    }

    [Theory]
    [MemberData(nameof(Configurations))]
    public void Load_WhatWasSaved_GivesTheSameOutput(string what, UNetConfig config)
    {
        using var unet = new UNet2DConditionModel(config);
        unet.Save(folder.Root);
        using var loaded = UNet2DConditionModel.Load(folder.Root);
        loaded.Config.ToJson().ToJsonString().ShouldBe(config.ToJson().ToJsonString(), what);

        using var gradients = no_grad();
        using var scope = NewDisposeScope();
        var (x, t, text) = (randn(1, config.InChannels, 8, 8), tensor([500L]), randn(1, 4, config.CrossAttentionDim[0]));
        loaded.call(x, t, text).ShouldMatch(unet.call(x, t, text), 0, what);
    }

    // Half precision keeps 11 bits of a number, bfloat16 keeps 8; weights are below 1.
    [Theory]
    [InlineData(ScalarType.Float16, 1e-3)]
    [InlineData(ScalarType.BFloat16, 8e-3)]
    public void Load_HalfPrecisionFile_ComputesInSinglePrecision(ScalarType stored, double tolerance)
    {
        using var unet = new UNet2DConditionModel(Small);
        unet.Save(folder.Root, stored);
        using var loaded = UNet2DConditionModel.Load(folder.Root);
        foreach (var ((name, saved), (_, read)) in unet.named_parameters().Zip(loaded.named_parameters()))
        {
            read.dtype.ShouldBe(ScalarType.Float32);
            read.ShouldMatch(saved, tolerance, name);
        }
    }

    [Fact]
    public void Forward_WrongShapes_SaysWhatIsExpected()
    {
        using var unet = new UNet2DConditionModel(Small);
        using var scope = NewDisposeScope();
        var (x, t, text) = (randn(2, 4, 8, 8), tensor([1L]), randn(2, 5, 12));
        Refused(randn(2, 3, 8, 8), t, text).ShouldContain("Expected a sample of shape [B, 4, H, W], got [2, 3, 8, 8]");
        Refused(x, tensor([1L, 2L, 3L]), text).ShouldContain("Expected 1 or 2 timesteps, got shape [3]");
        Refused(x, t, randn(2, 5, 13)).ShouldContain("Expected a text embedding of shape [2, S, 12], got [2, 5, 13]");
        Refused(x, t, randn(1, 5, 12)).ShouldContain("got [1, 5, 12]");

        string Refused(Tensor sample, Tensor timesteps, Tensor embedding) =>
            Should.Throw<ArgumentException>(() => unet.call(sample, timesteps, embedding)).Message;
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Forward_AnyNumberOfTimes_LeavesOnlyItsResultAlive(bool withGradients)
    {
        using var unet = new UNet2DConditionModel(Small);
        using var mode = set_grad_enabled(withGradients);
        using var x = randn(2, 4, 8, 8);
        using var t = tensor([7L]);
        using var text = randn(2, 5, 12);
        using var scope = NewDisposeScope();
        var before = scope.DisposablesCount;
        unet.call(x, t, text);
        scope.DisposablesCount.ShouldBe(before + 1);
        unet.call(x, t, text);
        scope.DisposablesCount.ShouldBe(before + 2);
    }

    [Fact]
    public void Constructor_InsideADisposeScope_KeepsItsParametersAfterwards()
    {
        UNet2DConditionModel unet;
        using (NewDisposeScope())
            unet = new UNet2DConditionModel(Small);
        unet.parameters().ShouldAllBe(p => !p.IsInvalid);
        unet.Dispose();
    }

    public void Dispose() => folder.Dispose();
}
