using SafetyPortal.Diffusion.Clip;
using SafetyPortal.Diffusion.Tokenizer;
using SafetyPortal.Tests;

namespace SafetyPortal.Evaluation;

/// <summary>On the tiny CLIP of the goldens, whose cosines are recorded.</summary>
public sealed class ClipScoreTests : IDisposable
{
    private readonly ClipModel _model = ClipModel.Load(GoldenFolder.At("03_clip_full"));
    private readonly ClipTokenizer _tokenizer = ClipTokenizer.Load(GoldenFolder.At("pipeline", "tokenizer"));

    public void Dispose() => _model.Dispose();

    // 100 times the recorded cosines of openai's preprocessing.
    [Fact]
    public void Score_GoldenPairs_AreTheReferenceCosines()
    {
        var prompts = GoldenMetrics.Numbers.GetProperty("clip_score").GetProperty("prompts").EnumerateArray().Select(p => p.GetString()!).ToList();
        var expected = GoldenMetrics.Numbers.GetProperty("clip_score").GetProperty("results").GetProperty("openai_preprocess_PIL").GetProperty("mean_cosine_CAD").GetDouble();

        ClipScore.Score(_model, _tokenizer, GoldenMetrics.Pictures("clip.images_u8"), prompts).Average().ShouldBe(100 * expected, 1e-3);
    }
}
