using SafetyPortal.Diffusion.Tokenizer;
using SafetyPortal.Lab.DemoWorld.Captions;

namespace SafetyPortal.Lab.Tests.DemoWorld.Captions;

public sealed class TokenizerLearnerTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("tokenizer").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void Write_LearnedVocabulary_LoadsAndMakesEveryWordOneToken()
    {
        var size = TokenizerLearner.Write(folder, TokenizerLearner.Learn(CaptionWriter.Everything()));

        var tokenizer = ClipTokenizer.Load(folder);
        tokenizer.VocabularySize.ShouldBe(size);
        tokenizer.EosId.ShouldBe(size - 1);
        tokenizer.ModelMaxLength.ShouldBe(20);
        CaptionWriter.Everything().Max(caption => tokenizer.Encode(caption).Length).ShouldBe(17);
        foreach (var caption in CaptionWriter.Everything())
            tokenizer.Encode(caption).Length.ShouldBe(caption.Split(' ').Length + 2, caption);
    }

    [Fact]
    public void Learn_SameCorpus_GivesTheSameMergesInOrderOfFrequency()
    {
        string[] corpus = ["low low low", "lower newest", "newest newest newest widest"];

        var merges = TokenizerLearner.Learn(corpus);

        // By hand: "es" and "st</w>" both occur five times; ordinal order puts "e s" first.
        merges[0].ShouldBe(("e", "s"));
        TokenizerLearner.Learn(corpus).ShouldBe(merges);
    }

    [Fact]
    public void Encode_UnknownWords_FallsBackToBytes()
    {
        TokenizerLearner.Write(folder, TokenizerLearner.Learn(CaptionWriter.Everything()));

        var ids = ClipTokenizer.Load(folder).Encode("a zebra");

        ids.Length.ShouldBeGreaterThan(4);
        ids[^1].ShouldBe(ClipTokenizer.Load(folder).EosId);
    }
}
