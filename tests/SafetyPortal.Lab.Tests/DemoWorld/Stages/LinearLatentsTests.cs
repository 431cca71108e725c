using SafetyPortal.Lab.DemoWorld.Stages;
using SafetyPortal.Lab.DemoWorld.World;

namespace SafetyPortal.Lab.Tests.DemoWorld.Stages;

public class LinearLatentsTests
{
    [Fact]
    public void Encode_ThePicturesItWasFitTo_GivesUncorrelatedLatentsOfUnitVariance()
    {
        using var pictures = PictureSet.Render(new SceneRenderer(Artwork.Load(RepositoryFiles.Artwork)), 1, 64, 2);
        using var linear = LinearLatents.Fit(pictures, 4);

        using var latents = linear.Encode(pictures.Range(0, 64));

        latents.shape.ShouldBe([64L, 4L, 16L, 16L]);
        var flat = latents.permute(1, 0, 2, 3).reshape(4, -1);
        var covariance = (flat.mm(flat.t()) / flat.shape[1]).reshape(-1).data<float>().ToArray();
        for (var i = 0; i < 16; i++)
            covariance[i].ShouldBe(i % 5 == 0 ? 1f : 0f, 2e-3f);
    }
}
