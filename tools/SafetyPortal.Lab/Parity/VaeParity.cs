using SafetyPortal.Diffusion.Checkpoints;
using SafetyPortal.Diffusion.Vae;
using static TorchSharp.torch;

namespace SafetyPortal.Lab.Parity;

/// <summary>02_vae: encode and decode against diffusers, for the pipeline's autoencoder and every other one in the folder.</summary>
internal static class VaeParity
{
    private const double Tolerance = 1e-4;

    public static void Check(GoldenSet set, ItemChecks checks)
    {
        using var golden = set.Tensors("02_vae");
        var folders = new List<string> { set.At("pipeline", "vae") };
        folders.AddRange(Directory.EnumerateDirectories(set.At("02_vae")).Where(d => File.Exists(Path.Combine(d, "config.json"))).Order(StringComparer.Ordinal));
        foreach (var folder in folders)
        {
            using var scope = NewDisposeScope();
            using var vae = AutoencoderKL.Load(folder);
            var name = Path.GetFileName(folder);
            foreach (var variant in golden.Names.Where(n => n == "image" || n.StartsWith("image_", StringComparison.Ordinal)).Select(n => n["image".Length..]).ToList())
                CheckEncode(name, variant, vae, golden, checks);
            foreach (var variant in golden.Names.Where(n => n == "z" || n.StartsWith("z_", StringComparison.Ordinal)).Select(n => n[1..]).ToList())
                CheckDecode(name, variant, vae, golden, checks);
        }

        checks.Unchecked(golden.Unread);
    }

    private static void CheckEncode(string folder, string variant, AutoencoderKL vae, GoldenTensors golden, ItemChecks checks)
    {
        using var frozen = no_grad();
        var prefix = $"encode{variant}.";
        var layers = golden.Layers(prefix + "mid.", vae);
        using var recorded = ModuleOutputs.Record(vae, layers);
        using var latent = vae.encode(golden.Read("image" + variant));
        void Compare(string key, Func<Tensor> actual)
        {
            if (golden.Has(prefix + key))
                checks.Largest($"{folder} {prefix}{key}", actual(), golden.Read(prefix + key), Tolerance);
        }

        Compare("mean", () => latent.Mean);
        Compare("mode", () => latent.Mean);
        Compare("logvar", () => latent.LogVariance);
        Compare("std", latent.StandardDeviation);
        if (golden.Has(prefix + "kl"))
            checks.Scaled($"{folder} {prefix}kl", latent.Kl(), golden.Read(prefix + "kl"), Tolerance);
        if (golden.Has("noise" + variant))
        {
            Compare("sample_with_noise", () => latent.Sample(golden.Read("noise" + variant)));
            Compare("sample_scaled", () => latent.Sample(golden.Read("noise" + variant)) * vae.Config.ScalingFactor);
        }

        // Layers are recorded for the first image of the batch.
        foreach (var layer in layers)
            checks.Largest($"{folder} {prefix}mid.{layer}", recorded.Outputs[layer].narrow(0, 0, 1), golden.Read($"{prefix}mid.{layer}"), Tolerance);
    }

    private static void CheckDecode(string folder, string variant, AutoencoderKL vae, GoldenTensors golden, ItemChecks checks)
    {
        var prefix = $"decode{variant}.";
        var layers = golden.Layers(prefix + "mid.", vae);
        var z = golden.Read("z" + variant);
        using (no_grad())
        {
            using var recorded = ModuleOutputs.Record(vae, layers);
            checks.Largest($"{folder} {prefix}out", vae.decode(z), golden.Read(prefix + "out"), Tolerance);
            foreach (var layer in layers)
                checks.Largest($"{folder} {prefix}mid.{layer}", recorded.Outputs[layer].narrow(0, 0, 1), golden.Read($"{prefix}mid.{layer}"), Tolerance);
        }

        if (!golden.Has(prefix + "grad_z"))
            return;
        z.requires_grad_();
        vae.decode(z).pow(2).sum().backward();
        checks.Relative($"{folder} {prefix}grad_z", z.grad!, golden.Read(prefix + "grad_z"), Tolerance);
    }
}
