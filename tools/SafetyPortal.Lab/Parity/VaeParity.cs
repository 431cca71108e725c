using SafetyPortal.Diffusion.Vae;
using static TorchSharp.torch;

namespace SafetyPortal.Lab.Parity;

/// <summary>02_vae: encode and decode against diffusers, for the pipeline's autoencoder and every other one in the folder.</summary>
internal static class VaeParity
{
    private const double Tolerance = 1e-4;
    private const double KlTolerance = 1e-5;

    public static void Check(GoldenItem item)
    {
        var others = Directory.EnumerateDirectories(item.Here("")).Where(d => File.Exists(Path.Combine(d, "config.json"))).Order(StringComparer.Ordinal);
        foreach (var folder in others.Prepend(item.At("pipeline", "vae")))
        {
            using var scope = NewDisposeScope();
            using var vae = AutoencoderKL.Load(folder);
            var label = Path.GetFileName(folder) + " ";
            foreach (var variant in item.After("image").Where(IsVariant))
                CheckEncode(label, variant, vae, item);
            foreach (var variant in item.After("z").Where(IsVariant))
                CheckDecode(label, variant, vae, item);
        }
    }

    // "" or "_nonsquare".
    private static bool IsVariant(string suffix) => suffix.Length == 0 || suffix[0] == '_';

    private static void CheckEncode(string label, string variant, AutoencoderKL vae, GoldenItem item)
    {
        using var frozen = no_grad();
        var prefix = $"encode{variant}.";
        item.Layers(prefix + "mid.", vae, Call, item.Largest, Tolerance, label);

        void Call()
        {
            using var latent = vae.encode(item.Read("image" + variant));
            Compare("mean", () => latent.Mean);
            Compare("mode", () => latent.Mean);
            Compare("logvar", () => latent.LogVariance);
            Compare("std", latent.StandardDeviation);
            item.IfAny(prefix + "kl", latent.Kl, item.Relative, KlTolerance, label);
            if (!item.Has("noise" + variant))
                return;
            Compare("sample_with_noise", () => latent.Sample(item.Read("noise" + variant)));
            Compare("sample_scaled", () => latent.Sample(item.Read("noise" + variant)) * vae.Config.ScalingFactor);
        }

        void Compare(string key, Func<Tensor> actual) => item.IfAny(prefix + key, actual, item.Largest, Tolerance, label);
    }

    private static void CheckDecode(string label, string variant, AutoencoderKL vae, GoldenItem item)
    {
        var prefix = $"decode{variant}.";
        var z = item.Read("z" + variant);
        using (no_grad())
            item.Layers(prefix + "mid.", vae, Call, item.Largest, Tolerance, label);

        if (!item.Has(prefix + "grad_z"))
            return;
        z.requires_grad_();
        vae.decode(z).pow(2).sum().backward();
        item.Relative($"{label}{prefix}grad_z", z.grad!, item.Read(prefix + "grad_z"), Tolerance);

        void Call() => item.Largest($"{label}{prefix}out", vae.decode(z), item.Read(prefix + "out"), Tolerance);
    }
}
