using SafetyPortal.Tests;

namespace SafetyPortal.Diffusion.Tokenizer;

public sealed class ClipTokenizerTests
{
    private static readonly Lazy<ClipTokenizer> Golden = new(() => ClipTokenizer.Load(GoldenFolder.At("pipeline", "tokenizer")));

    [Fact]
    public void EncodePadded_ShortPrompt_FillsWithTheEndToken()
    {
        var ids = Golden.Value.EncodePadded("a photo of a cat");

        ids.Length.ShouldBe(77);
        ids[..7].ShouldBe([49406L, 320, 1125, 539, 320, 2368, 49407]);
        ids[7..].ShouldAllBe(id => id == 49407);
        Golden.Value.EncodePadded("a photo of a cat", padId: 0)[7..].ShouldAllBe(id => id == 0);
    }

    [Fact]
    public void Encode_PromptBeyondTheLimit_IsRefused() =>
        Should.Throw<ArgumentException>(() => Golden.Value.Encode(new string('a', ClipTokenizer.LongestPrompt + 1))).Message.ShouldContain("8193");

    [Fact]
    public void Encode_LongestWord_EndsInTheModelsLength() =>
        Golden.Value.Encode(new string('a', ClipTokenizer.LongestPrompt)).Length.ShouldBe(77);

    // The first is one word in the reference's pattern over code points, and two in a pattern over UTF-16 halves. The second is two words.
    [Fact]
    public void Encode_LettersBeyondTheBasicPlane_AreLetters()
    {
        Golden.Value.Encode("a\U0001D400")[1..^1].ShouldBe([64L, 15889, 478]);
        Golden.Value.Encode("\U0001D400\U0001F600")[1..^1].ShouldBe([15889L, 478, 7334]);
    }

    [Fact]
    public void Encode_HalfOfASurrogatePair_IsTheReplacementCharacter() =>
        Golden.Value.Encode("a \ud835 b").ShouldBe(Golden.Value.Encode("a \ufffd b"));

    [Fact]
    public void CutOff_PromptBeyondTheLimit_IsWhatTheModelDoesNotSee()
    {
        var seventyFive = string.Join(' ', Enumerable.Repeat("cat", 75));

        Golden.Value.CutOff(seventyFive).ShouldBeNull();
        Golden.Value.CutOff($"{seventyFive} and a Church, caf\u00e9").ShouldBe("and a church , caf\u00e9");
    }

    // Python: html.unescape("&notit; &amp;amp; &#x80; &#xD800; &#1; &hellip;") = "¬it; &amp; € \ufffd  …"
    [Fact]
    public void Unescape_UnusualReferences_FollowsPython() =>
        HtmlEntities.Unescape("&notit; &amp;amp; &#x80; &#xD800; &#1; &hellip; &#; &; &unknown; &#99999999999;")
            .ShouldBe("\u00acit; &amp; \u20ac \ufffd  \u2026 &#; &; &unknown; \ufffd");

    // Python: "ΟΔΟΣ Σ ΑΣ. Σ'Α İ".lower()
    [Fact]
    public void Normalize_SigmaAndDottedI_FollowsPythonLower() =>
        PromptNormalizer.Normalize("\u039f\u0394\u039f\u03a3  \u03a3 \u0391\u03a3. \u0391\u03a3'\u0391 \u0130")
            .ShouldBe("\u03bf\u03b4\u03bf\u03c2 \u03c3 \u03b1\u03c2. \u03b1\u03c3'\u03b1 i\u0307");
}
