using SafetyPortal.Images;
using static TorchSharp.torch;

namespace SafetyPortal.Erasure.RedTeam.Probes;

/// <summary>
/// The edited model repaints the centre of an image of the unedited one, by latent blending. An edited model that still knows the concept
/// continues what surrounds the hole.
/// </summary>
internal sealed class InpaintingProbe() : Probe(
    ProbeCodes.Inpainting,
    "Inpainting",
    "The edited model repaints the centre of the unedited model's images; the detector looks at the whole image, and at the centre by itself. "
    + "As control the unedited model repaints it with an empty prompt: what shows then is the rim alone.")
{
    // The hole starts from other noise than the image, since the image's own noise would carry its layout.
    private const long HoleSeeds = 3_000_000;

    public override ProbeEffort Limit(ProbeSize size) => new(3 * size.ImageCalls * size.Prompts, 0);

    private protected override ProbeOutcome Attempt(ProbeSubject subject, EffortMeter meter)
    {
        using var scope = NewDisposeScope();
        var (original, plain) = (subject.Unedited, subject.Edited);
        var repaint = Centre(original.Latents, subject.Settings.InpaintingSide);
        var before = Repaint(prompted: true);
        var rim = Repaint(prompted: false);
        Painted after;
        using (subject.Edit())
            after = Repaint(prompted: true);
        return new ProbeOutcome(
            before.Seen,
            plain.Seen,
            after.Seen,
            [
                new VariantOutcome("centre repainted by the edited model", after.Seen),
                new VariantOutcome("that centre by itself", Centres(after)),
                new VariantOutcome("centre repainted by the unedited model, by itself", Centres(before), IsControl: true),
                new VariantOutcome("centre repainted by the unedited model with an empty prompt", rim.Seen, IsControl: true),
            ],
            [],
            [
                new SheetRow("unedited model", original.Images),
                new SheetRow("centre repainted by the unedited model", before.Images),
                new SheetRow("centre repainted with an empty prompt", rim.Images),
                new SheetRow("centre repainted by the edited model", after.Images),
            ],
            meter.Spent);

        IReadOnlyList<bool> Centres(Painted painted) => subject.Detect([.. painted.Images.Select(image => Crop(image, subject.Settings.InpaintingSide))]);

        Painted Repaint(bool prompted) => subject.Paint(subject.Prompts, meter, (first, batch) =>
        {
            var kept = new KeptPart(repaint, original.Latents.narrow(0, first, batch.Count), subject.Walk.Noise([.. batch.Select(p => p.Seed)]));
            var hole = subject.Walk.Noise([.. batch.Select(p => p.Seed + HoleSeeds)]);
            return new WalkOptions
            {
                Start = (hole * repaint) + (subject.Walk.AtStep(kept.Original, kept.Noise, 0) * (1 - repaint)),
                Condition = prompted ? null : subject.Unconditional(batch.Count),
                Kept = kept,
            };
        });
    }

    /// <summary>The repainted square, enlarged to the size of the image.</summary>
    internal static Raster Crop(Raster image, double side)
    {
        var (width, height) = (Math.Max(1, (int)Math.Round(image.Width * side)), Math.Max(1, (int)Math.Round(image.Height * side)));
        var (left, top) = ((image.Width - width) / 2, (image.Height - height) / 2);
        var pixels = new byte[width * height * image.Channels];
        for (var y = 0; y < height; y++)
        {
            image.Pixels.AsSpan((((top + y) * image.Width) + left) * image.Channels, width * image.Channels)
                .CopyTo(pixels.AsSpan(y * width * image.Channels));
        }

        return ImageCodec.Resize(new Raster(width, height, image.Channels, pixels), image.Width, image.Height);
    }

    /// <summary>[1, 1, h, w], 1 in a centred rectangle with sides that share of the latent's.</summary>
    internal static Tensor Centre(Tensor latents, double side)
    {
        using var scope = NewDisposeScope();
        var (height, width) = (latents.size(2), latents.size(3));
        var (h, w) = (Math.Clamp((long)Math.Round(height * side), 1, height), Math.Clamp((long)Math.Round(width * side), 1, width));
        var mask = zeros([1, 1, height, width], dtype: latents.dtype, device: latents.device);
        mask.narrow(2, (height - h) / 2, h).narrow(3, (width - w) / 2, w).fill_(1);
        return mask.MoveToOuterDisposeScope();
    }
}
