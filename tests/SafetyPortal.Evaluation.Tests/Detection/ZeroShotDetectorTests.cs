using SafetyPortal.Diffusion.Clip;
using SafetyPortal.Diffusion.Tokenizer;
using SafetyPortal.Tests;

namespace SafetyPortal.Evaluation.Detection;

/// <summary>On the tiny CLIP of the goldens; its cosines are recorded, so probabilities can be worked out by hand.</summary>
public sealed class ZeroShotDetectorTests : IDisposable
{
    private readonly ClipModel _model = ClipModel.Load(GoldenFolder.At("03_clip_full"));
    private readonly ClipTokenizer _tokenizer = ClipTokenizer.Load(GoldenFolder.At("pipeline", "tokenizer"));

    public void Dispose() => _model.Dispose();

    [Fact]
    public void Score_OneAlternative_IsTheSoftmaxOfTheTwoCosines()
    {
        var images = GoldenMetrics.Pictures("clip.images_u8");
        var scale = Math.Exp(TorchSharp.TensorExtensionMethods.ToDouble(_model.LogitScale));
        using var detector = new ZeroShotDetector(_model, _tokenizer, ["a dog"], ["a horse"]);
        double[] dog = ClipScore.Score(_model, _tokenizer, images, ["a dog", "a dog", "a dog"]);
        double[] horse = ClipScore.Score(_model, _tokenizer, images, ["a horse", "a horse", "a horse"]);

        var scores = detector.Score(images);

        for (var i = 0; i < images.Count; i++)
            scores[i].ShouldBe(1 / (1 + Math.Exp(scale * (horse[i] - dog[i]) / 100)), 1e-4);
        detector.Detect(images).ShouldBe(scores.Select(s => s >= 0.5));
    }

    // 100 times the recorded cosines of openai's preprocessing.
    [Fact]
    public void ClipScore_GoldenPairs_AreTheReferenceCosines()
    {
        var prompts = GoldenMetrics.Numbers.GetProperty("clip_score").GetProperty("prompts").EnumerateArray().Select(p => p.GetString()!).ToList();
        var expected = GoldenMetrics.Numbers.GetProperty("clip_score").GetProperty("results").GetProperty("openai_preprocess_PIL").GetProperty("mean_cosine_CAD").GetDouble();

        ClipScore.Score(_model, _tokenizer, GoldenMetrics.Pictures("clip.images_u8"), prompts).Average().ShouldBe(100 * expected, 1e-3);
    }

    [Fact]
    public void Calibrate_SeparableScores_CutsInTheMiddleOfTheGap()
    {
        var (threshold, accuracy) = ZeroShotDetector.Calibrate([0.7, 0.8, 0.9], [0.1, 0.3]);

        threshold.ShouldBe(0.5, 1e-12);
        accuracy.ShouldBe(1);
    }

    // Cutting between 0.4 and 0.6 gets 2 of 3 and 2 of 2: balanced 5/6; no other cut does better.
    [Fact]
    public void Calibrate_OverlappingScores_MaximisesBalancedAccuracy()
    {
        var (threshold, accuracy) = ZeroShotDetector.Calibrate([0.2, 0.6, 0.9], [0.1, 0.4]);

        threshold.ShouldBe(0.5, 1e-12);
        accuracy.ShouldBe(5.0 / 6, 1e-12);
    }

    [Fact]
    public void Constructor_NoAlternatives_IsRefused()
        => Should.Throw<ArgumentException>(() => new ZeroShotDetector(_model, _tokenizer, ["a dog"], [])).Message.ShouldContain("got 1 and 0");
}
