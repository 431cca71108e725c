using System.Text;

namespace SafetyPortal.Diffusion.Tokenizer;

/// <summary>A tokenizer made by hand: "lo" and "low" are merges, everything else stays bytes.</summary>
public sealed class TokenizerFilesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tokenizer").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Load_SmallVocabulary_MergesAndUsesItsOwnSpecialIds()
    {
        Write("vocab.json", """{"l": 0, "o": 1, "w</w>": 2, "lo": 3, "low</w>": 4, "<|startoftext|>": 5, "<|endoftext|>": 6, "[pad]": 7}""");
        Write("merges.txt", "#version: 0.2\nl o\nlo w</w>\n");
        Write("tokenizer_config.json", """{"model_max_length": 6, "pad_token": {"content": "[pad]"}}""");

        var tokenizer = ClipTokenizer.Load(_folder);

        tokenizer.EncodePadded("low LOW").ShouldBe([5L, 4, 4, 6, 7, 7]);
        tokenizer.Encode("low low low low low low").ShouldBe([5L, 4, 4, 4, 4, 6]);
        tokenizer.Encode("z").ShouldBe([5L, 6, 6]); // no symbol for z: the unknown token, which defaults to the end token
        tokenizer.VocabularySize.ShouldBe(8);
    }

    [Theory]
    [InlineData("{", "#version: 0.2", "vocab.json is not JSON")]
    [InlineData("[]", "#version: 0.2", "expected a JSON object, found Array")]
    [InlineData("{}", "#version: 0.2", "no tokens")]
    [InlineData("{\"a\": -1}", "#version: 0.2", "'a' has id -1")]
    [InlineData("{\"a\": 1.5}", "#version: 0.2", "'a' has id 1.5")]
    [InlineData("{\"a\": \"x\"}", "#version: 0.2", "expected an integer")]
    [InlineData("{\"a\": 1, \"a\": 2}", "#version: 0.2", "'a' is listed twice")]
    [InlineData("{\"a\": 1, \"b\": 1}", "#version: 0.2", "id 1 is given to two tokens")]
    [InlineData("{\"a\": 1}", "", "line 1: expected '#version")]
    [InlineData("{\"a\": 1}", "#version: 0.2\na", "line 2: expected two symbols")]
    [InlineData("{\"a\": 1}", "#version: 0.2\na b", "line 2: the merge makes 'ab'")]
    [InlineData("{\"a\": 1}", "#version: 0.2", "does not list '<|startoftext|>'")]
    public void Load_DamagedFiles_SaysWhatIsWrong(string vocabulary, string merges, string message)
    {
        Write("vocab.json", vocabulary);
        Write("merges.txt", merges);

        Should.Throw<TokenizerException>(() => ClipTokenizer.Load(_folder)).Message.ShouldContain(message);
    }

    [Fact]
    public void Load_NoMerges_NamesTheMissingFile()
    {
        Write("vocab.json", "{\"a\": 1}");

        Should.Throw<TokenizerException>(() => ClipTokenizer.Load(_folder)).Message.ShouldContain("merges.txt is missing");
    }

    [Fact]
    public void Load_BytesThatAreNotText_IsRefused()
    {
        File.WriteAllBytes(Path.Combine(_folder, "vocab.json"), [0x7B, 0xFF, 0xFE, 0x7D]);

        Should.Throw<TokenizerException>(() => ClipTokenizer.Load(_folder)).Message.ShouldContain("not UTF-8");
    }

    private void Write(string name, string text) => File.WriteAllText(Path.Combine(_folder, name), text, new UTF8Encoding(false));
}
