using System.Text;
using System.Text.Json.Nodes;
using SafetyPortal.Diffusion.Tests;
using SafetyPortal.Diffusion.Tests.References;
using SafetyPortal.Tests;

namespace SafetyPortal.Diffusion.Tokenizer;

public sealed class TokenizerFilesTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Load_SmallVocabulary_MergesAndUsesItsOwnSpecialIds()
    {
        Write("vocab.json", """{"l": 0, "o": 1, "w</w>": 2, "lo": 3, "low</w>": 4, "<|startoftext|>": 5, "<|endoftext|>": 6, "[pad]": 7}""");
        Write("merges.txt", "#version: 0.2\nl o\nlo w</w>\n");
        Write("tokenizer_config.json", """{"model_max_length": 6, "pad_token": {"content": "[pad]"}}""");

        var tokenizer = Load();

        tokenizer.EncodePadded("low LOW").ShouldBe([5L, 4, 4, 6, 7, 7]);
        tokenizer.Encode("low low low low low low").ShouldBe([5L, 4, 4, 4, 4, 6]);
        tokenizer.Encode("z").ShouldBe([5L, 6, 6]); // no symbol for z: the unknown token, which defaults to the end token
        tokenizer.VocabularySize.ShouldBe(8);
    }

    [Theory]
    [InlineData("{", "#version: 0.2", "vocab.json: is not well-formed JSON")]
    [InlineData("[]", "#version: 0.2", "vocab.json: expected a JSON object, got []")]
    [InlineData("{}", "#version: 0.2", "no tokens")]
    [InlineData("{\"a\": -1}", "#version: 0.2", "'a' has id -1")]
    [InlineData("{\"a\": 1.5}", "#version: 0.2", "'a' has id 1.5")]
    [InlineData("{\"a\": \"x\"}", "#version: 0.2", "expected an integer")]
    [InlineData("{\"a\": 1, \"a\": 2}", "#version: 0.2", "Duplicate property 'a'")]
    [InlineData("{\"a\": 1, \"b\": 1}", "#version: 0.2", "id 1 is given to two tokens")]
    [InlineData("{\"a\": 1}", "", "merges.txt: has 0 bytes")]
    [InlineData("{\"a\": 1}", "\n", "line 1: expected '#version")]
    [InlineData("{\"a\": 1}", "#version: 0.2\na", "line 2: expected two symbols")]
    [InlineData("{\"a\": 1}", "#version: 0.2\na b", "line 2: the merge makes 'ab'")]
    [InlineData("{\"a\": 1, \"ab\": 2}", "#version: 0.2\na b", "line 2: the merge takes 'b'")]
    [InlineData("{\"a\": 1, \"b\": 3, \"ab\": 2}", "#version: 0.2\na b\na b", "line 3: the merge of 'a' and 'b' is listed twice")]
    [InlineData("{\"a\": 1}", "#version: 0.2", "does not list '<|startoftext|>'")]
    [InlineData("{\"\\ud800\": 1}", "#version: 0.2", "half of a surrogate pair")]
    public void Load_DamagedFiles_SaysWhatIsWrong(string vocabulary, string merges, string message)
    {
        Write("vocab.json", vocabulary);
        Write("merges.txt", merges);

        Should.Throw<ModelFormatException>(Load).Message.ShouldContain(message);
    }

    // What transformers 5 saves: the vocabulary and merges in tokenizer.json, merges as pairs, and a short configuration.
    [Fact]
    public void Encode_FolderOfTransformers5_GivesTheIdsOfTheOlderFolder()
    {
        var origin = GoldenFolder.At("pipeline", "tokenizer");
        var vocabulary = JsonNode.Parse(File.ReadAllText(Path.Combine(origin, "vocab.json")))!.AsObject();
        var merges = File.ReadLines(Path.Combine(origin, "merges.txt")).Skip(1).Select(line => line.Split(' '));
        Write("tokenizer.json", Fast(vocabulary, merges.Select(pair => (JsonNode)new JsonArray(pair[0], pair[1]))));
        Write(
            "tokenizer_config.json",
            """{"backend": "tokenizers", "model_max_length": 77, "extra_special_tokens": {"image_token": "<|image|>"}}""");

        var (older, newer) = (ClipTokenizer.Load(origin), Load());

        newer.VocabularySize.ShouldBe(49409);
        newer.EncodePadded("a <|image|>b")[..5].ShouldBe([49406L, 320, 49408, 321, 49407]);
        foreach (var line in File.ReadLines(GoldenFolder.At("04_tokenizer", "tokens.jsonl")))
        {
            var prompt = JsonNode.Parse(line)!["prompt"]!.GetValue<string>();
            newer.EncodePadded(prompt).ShouldBe(older.EncodePadded(prompt), prompt);
        }
    }

    [Theory]
    [InlineData("type", "\"Unigram\"", "model: type: expected \"BPE\", found \"Unigram\"")]
    [InlineData("end_of_word_suffix", "null", "model: end_of_word_suffix: expected \"</w>\", found none")]
    [InlineData("vocab", "[]", "model: vocab: expected an object")]
    [InlineData("merges", "{}", "model: merges: expected a list")]
    [InlineData("merges", "[[\"a\", \"b\", \"c\"]]", "merge 1: expected two symbols")]
    [InlineData("merges", "[7]", "merge 1: expected two symbols separated by one space, found '7'")]
    [InlineData("merges", "[\"a b\"]", "merge 1: the merge makes 'ab'")]
    public void Load_TokenizerJsonOfAnotherKind_SaysWhatIsWrong(string key, string value, string message)
    {
        var file = JsonNode.Parse(Fast(new JsonObject { ["a"] = 0, ["b"] = 1, ["<|startoftext|>"] = 2, ["<|endoftext|>"] = 3 }, []))!;
        file["model"]![key] = JsonNode.Parse(value);
        Write("tokenizer.json", file.ToJsonString());

        Should.Throw<ModelFormatException>(Load).Message.ShouldContain(message);
    }

    [Theory]
    [InlineData("""{"<toy>": 3}""", "The added token '<toy>' has id 3, which is that of")]
    [InlineData("""{"a</w>": 900}""", "The added token 'a</w>' has id 900, in the vocabulary it has 320")]
    public void Load_AddedTokenThatCollides_IsRefused(string tokens, string message)
    {
        Copy();
        Write("added_tokens.json", tokens);

        Should.Throw<ModelFormatException>(Load).Message.ShouldContain(message);
    }

    [Theory]
    [InlineData("merges.txt")]
    [InlineData("tokenizer_config.json")]
    public void Load_PipeInTheFolder_IsRefusedWithoutWaiting(string file)
    {
        Copy();
        File.Delete(folder.At(file));
        using (var made = System.Diagnostics.Process.Start("mkfifo", folder.At(file))!)
            made.WaitForExit();

        Should.Throw<ModelFormatException>(Load).Message.ShouldContain($"{file}: has 0 bytes, or is a pipe");
    }

    [Fact]
    public void Load_NoMerges_NamesTheMissingFile()
    {
        Write("vocab.json", "{\"a\": 1}");

        Should.Throw<ModelFormatException>(Load).Message.ShouldContain("merges.txt is missing");
    }

    [Fact]
    public void Load_BytesThatAreNotText_IsRefused()
    {
        File.WriteAllBytes(folder.At("vocab.json"), [0x7B, 0xFF, 0xFE, 0x7D]);

        Should.Throw<ModelFormatException>(Load).Message.ShouldContain("vocab.json: is not well-formed JSON");
    }

    // Ids from transformers' CLIPTokenizer over the same folders; begin is 512, end 513. Padding with "!" makes it a token of its own.
    [Theory]
    [InlineData("ab!", 64, 321, 0)]
    [InlineData("!", 0)]
    [InlineData("a!!b", 320, 0, 0, 321)]
    [InlineData("Wow! A <|endoftext|> b", 86, 78, 342, 0, 320, 513, 321)]
    [InlineData("a <Toy>b", 320, 283, 83, 78, 344, 285, 321)]
    [InlineData("<|EndOfText|>x", 513, 343)]
    public void Encode_PaddedWithExclamationMarks_GivesTransformersIds(string text, params int[] ids)
    {
        Copy();
        Encode(text).ShouldBe(ids.Select(id => (long)id));
    }

    // The map pads with "!" and loses against the list of added tokens; the plain mark then ends a word.
    [Theory]
    [InlineData("ab!", 64, 321, 256)]
    [InlineData("a!!b", 320, 0, 256, 321)]
    [InlineData("a <Toy>b", 320, 514, 321)]
    [InlineData("a<toy>b <toy-2>", 320, 283, 83, 78, 344, 285, 321, 283, 83, 78, 344, 268, 273, 285)]
    public void Encode_ConfigurationWithAddedTokens_GivesTransformersIds(string text, params int[] ids)
    {
        Copy();
        SetConfig("pad_token", "<|endoftext|>");
        SetConfig("added_tokens_decoder", JsonNode.Parse(
            """{"513": {"content": "<|endoftext|>", "special": true}, "514": {"content": "<Toy>", "single_word": false}}"""));

        Encode(text).ShouldBe(ids.Select(id => (long)id));
        Load().PadId.ShouldBe(513);
        Load().VocabularySize.ShouldBe(515);
    }

    [Fact]
    public void Encode_OlderFiles_MapWinsAndAddedTokensCount()
    {
        Copy();
        SetConfig("pad_token", "<|endoftext|>");
        Write("added_tokens.json", """{"<toy>": 514, "<toy-2>": 515}""");

        Encode("a<toy>b <toy-2>!").ShouldBe([320L, 514, 321, 515, 0]);
        Load().PadId.ShouldBe(0);
    }

    [Fact]
    public void Encode_AdditionalSpecialTokens_CountAsTokens()
    {
        Copy();
        Write("special_tokens_map.json", """{"pad_token": "!", "additional_special_tokens": ["b</w>", "%"]}""");

        Encode("a%b b</w>").ShouldBe([320L, 4, 321, 321]);
    }

    [Theory]
    [InlineData("added_tokens_decoder", "[]", "added_tokens_decoder: expected an object, found Array")]
    [InlineData("added_tokens_decoder", """{"x": {"content": "a"}}""", "expected ids, found 'x'")]
    [InlineData("added_tokens_decoder", """{"514": {"content": ""}}""", "expected a text and an id")]
    [InlineData("added_tokens_decoder", """{"99999999999": {"content": "a"}}""", "expected a text and an id")]
    [InlineData("added_tokens_decoder", """{"514": {"content": "a", "single_word": true}}""", "single_word is true for 'a'; expected false")]
    public void Load_UnsupportedAddedTokens_SaysWhich(string key, string value, string message)
    {
        Copy();
        SetConfig(key, JsonNode.Parse(value));

        Should.Throw<ModelFormatException>(Load).Message.ShouldContain(message);
    }

    [Fact]
    public void Load_AdditionalTokenWithoutId_IsRefusedByName()
    {
        Copy();
        Write("special_tokens_map.json", """{"additional_special_tokens": ["<toy>"]}""");

        Should.Throw<ModelFormatException>(Load).Message.ShouldContain("additional_special_tokens names '<toy>', to which no file gives an id");
    }

    private ClipTokenizer Load() => ClipTokenizer.Load(folder.Root);

    private long[] Encode(string text)
    {
        var ids = Load().Encode(text);
        (ids[0], ids[^1]).ShouldBe((512L, 513L));
        return ids[1..^1];
    }

    // Every byte is a token, with and without the mark of a word's end; there are no merges; padded with "!".
    private void Copy() => folder.Copy(ReferenceFolder.At("sd2", "tokenizer"));

    private static string Fast(JsonObject vocabulary, IEnumerable<JsonNode> merges) => new JsonObject
    {
        ["added_tokens"] = new JsonArray(new JsonObject { ["id"] = 49408, ["content"] = "<|image|>", ["single_word"] = false }),
        ["model"] = new JsonObject
        {
            ["type"] = "BPE",
            ["unk_token"] = "<|endoftext|>",
            ["end_of_word_suffix"] = "</w>",
            ["vocab"] = vocabulary,
            ["merges"] = new JsonArray([.. merges]),
        },
    }.ToJsonString();

    private void SetConfig(string key, JsonNode? value)
    {
        var config = JsonNode.Parse(File.ReadAllText(folder.At("tokenizer_config.json")))!.AsObject();
        config[key] = value;
        Write("tokenizer_config.json", config.ToJsonString());
    }

    private void Write(string name, string text) => File.WriteAllText(folder.At(name), text, new UTF8Encoding(false));
}
