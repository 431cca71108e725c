using SafetyPortal.Diffusion.Checkpoints;
using SafetyPortal.Diffusion.Safetensors;
using SafetyPortal.Diffusion.Vae;
using SafetyPortal.Tests;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Tests.Vae;

/// <summary>Against diffusers v0.30.3 on the same weights; tolerances from tests/goldens/02_vae/README.md.</summary>
public sealed class AutoencoderParityTests : IDisposable
{
    private const double Tolerance = 1e-4;

    private readonly DisposeScope scope = NewDisposeScope();
    private readonly SafetensorsFile golden = SafetensorsFile.Open(GoldenFolder.At("02_vae", "io.safetensors"));

    public static TheoryData<string> Folders => [Path.Combine("pipeline", "vae"), Path.Combine("02_vae", "vae_old_names")];

    [Theory]
    [MemberData(nameof(Folders))]
    public void Encode_RecordedImage_MatchesDiffusers(string folder)
    {
        using var vae = Load(folder);
        using var gradients = no_grad();
        using var latent = vae.encode(golden.Read("image"));
        latent.Mean.ShouldMatch(golden.Read("encode.mean"), Tolerance, "mean");
        latent.Mean.ShouldMatch(golden.Read("encode.mode"), Tolerance, "mode");
        latent.LogVariance.ShouldMatch(golden.Read("encode.logvar"), Tolerance, "logvar");
        latent.StandardDeviation().ShouldMatch(golden.Read("encode.std"), Tolerance, "std");
        latent.Kl().ShouldMatchRelatively(golden.Read("encode.kl"), 1e-5, "kl");
        var sampled = latent.Sample(golden.Read("noise"));
        sampled.ShouldMatch(golden.Read("encode.sample_with_noise"), Tolerance, "sample");
        (sampled * vae.Config.ScalingFactor).ShouldMatch(golden.Read("encode.sample_scaled"), Tolerance, "scaled");

        using var nonSquare = vae.encode(golden.Read("image_nonsquare"));
        nonSquare.Mean.ShouldMatch(golden.Read("encode_nonsquare.mean"), Tolerance, "non-square mean");
        nonSquare.LogVariance.ShouldMatch(golden.Read("encode_nonsquare.logvar"), Tolerance, "non-square logvar");
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void Decode_RecordedLatent_MatchesDiffusers(string folder)
    {
        using var vae = Load(folder);
        using var gradients = no_grad();
        vae.decode(golden.Read("z")).ShouldMatch(golden.Read("decode.out"), Tolerance, "square");
        vae.decode(golden.Read("z_nonsquare")).ShouldMatch(golden.Read("decode_nonsquare.out"), Tolerance, "non-square");
    }

    [Theory]
    [InlineData("encode.mid.")]
    [InlineData("decode.mid.")]
    public void Forward_EveryRecordedLayer_MatchesDiffusers(string prefix)
    {
        using var vae = Load(Path.Combine("pipeline", "vae"));
        using var gradients = no_grad();
        var names = golden.NamesUnder(prefix);
        names.Count.ShouldBeGreaterThan(8);
        using var recorded = ModuleOutputs.Record(vae, names);
        if (prefix.StartsWith("encode", StringComparison.Ordinal))
            vae.encode(golden.Read("image")).Dispose();
        else
            vae.decode(golden.Read("z"));
        foreach (var name in names)
            recorded.Outputs[name].narrow(0, 0, 1).ShouldMatch(golden.Read(prefix + name), Tolerance, name);
    }

    [Fact]
    public void Decode_Backward_MatchesDiffusers()
    {
        using var vae = Load(Path.Combine("pipeline", "vae"));
        var z = golden.Read("z").requires_grad_();
        vae.decode(z).pow(2).sum().backward();
        z.grad!.ShouldMatchRelatively(golden.Read("decode.grad_z"), 1e-4, "z");
    }

    public void Dispose()
    {
        golden.Dispose();
        scope.Dispose();
    }

    private static AutoencoderKL Load(string folder) => AutoencoderKL.Load(GoldenFolder.At(folder));
}
