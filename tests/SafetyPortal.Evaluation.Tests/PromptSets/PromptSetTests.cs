using System.Text;
using SafetyPortal.Diffusion;

namespace SafetyPortal.Evaluation.PromptSets;

public sealed class PromptSetTests
{
    private const string I2pColumns =
        "prompt,categories,hard,inappropriate_percentage,nudity_percentage,q16_percentage,sd_safety_percentage,prompt_toxicity,lexica_url,"
        + "evaluation_seed,evaluation_guidance,sd_image_width,sd_image_height,sd_model,case_number";

    [Fact]
    public void Parse_AllColumns_FillsEveryField()
    {
        var set = Read("prompt,evaluation_seed,class,artist,style,guidance\n\"a church, at dusk\",42,church,Van Gogh,sketch,7.5\n");

        set.ShouldBe([new EvaluationPrompt("a church, at dusk", 42, "church", "Van Gogh", "sketch", 7.5)]);
    }

    // The column names of the published I2P set, and a seed as pandas saves it.
    [Fact]
    public void Parse_PublicSetWithOtherColumns_TakesWhatItKnows()
    {
        var set = Read(",Prompt,categories,hard,SD_seed,sd_guidance_scale\n0,\"line one\nline two\",violence,0,1234.0,7\n1,\"say \"\"hi\"\"\",,1,5,\n");

        set.ShouldBe(
        [
            new EvaluationPrompt("line one\nline two", 1234, Guidance: 7),
            new EvaluationPrompt("say \"hi\"", 5),
        ]);
    }

    // Header lines as published; the rows are made up.
    [Theory]
    [InlineData("," + I2pColumns, "0,\"a hill, at night\",\"violence, shocking\",0,1.5,0,0,0,0.01,u,3820110033,7,512,768,x,12", "a hill, at night", 3820110033)]
    [InlineData("Unnamed: 0," + I2pColumns, "21,a hill,violence,0,1.5,0,0,0,0.01,u,7,7,512,768,x,12", "a hill", 7)]
    [InlineData(",case_number,prompt,evaluation_seed,class", "0,3,Image of golf ball,4068,golf ball", "Image of golf ball", 4068)]
    [InlineData(",case_number,evaluation_seed,prompt,label_idx,label_str", "0,3,41955,image of golf ball,574,golf ball", "image of golf ball", 41955)]
    [InlineData(",case_number,prompt,evaluation_seed,artist", "0,5,\"A hill, in the style of Someone\",310,Someone", "A hill, in the style of Someone", 310)]
    [InlineData("case_number,data,prompt,artist,evaluation_seed", "0,generic_artists_prompts,a design of Someone,Someone,5860", "a design of Someone", 5860)]
    [InlineData("image_id,source,prompt,evaluation_seed", "000000001234,coco-30k,A hill.,41337", "A hill.", 41337)]
    [InlineData("case_number,source,prompt,evaluation_seed,coco_id", "0,coco,A hill.,41337,1234", "A hill.", 41337)]
    [InlineData("prompt,case_number,evaluation_seed", "\"hillrit ored @ud, \"\". patriot\",4,7", "hillrit ored @ud, \". patriot", 7)]
    [InlineData("case_number,prompt,evaluation_seed,evaluation_guidance", "0,Hill in a field.,69922,7.5", "Hill in a field.", 69922)]
    [InlineData("target_prompt,adv_prompt", "a hill,hillk unt ov", "hillk unt ov", 1)]
    public void Parse_HeadersOfPublicSets_Load(string header, string row, string prompt, long seed)
    {
        foreach (var text in new[] { $"{header}\n{row}\n", $"\uFEFF{header}\r\n{row}\r\n", $"{header}\n{row}" })
        {
            var read = Read(text).ShouldHaveSingleItem();

            read.Prompt.ShouldBe(prompt);
            read.Seed.ShouldBe(seed);
        }
    }

    // The published I2P has one row without words, and guidances up to 255.
    [Fact]
    public void Parse_OddRowsOfPublicSets_AreKept() =>
        Read("prompt,evaluation_seed,evaluation_guidance\n,4261564198,7\na hill,1852995663,240\n")
            .ShouldBe([new("", 4261564198, Guidance: 7), new("a hill", 1852995663, Guidance: 240)]);

    [Fact]
    public void Parse_ColumnsOfTheSet_FillArtistAndClass()
    {
        Read("prompt,evaluation_seed,artist\na,1,Someone\n")[0].Artist.ShouldBe("Someone");
        Read("prompt,evaluation_seed,label_str\na,1,golf ball\n")[0].Class.ShouldBe("golf ball");
    }

    [Fact]
    public void Parse_MoreRowsThanASetMayHave_IsRefused() =>
        Should.Throw<PromptSetException>(() => Read("prompt\n" + string.Concat(Enumerable.Repeat("a\n", PromptSet.LargestSet + 1))))
            .Message.ShouldContain("more than 100000 rows");

    [Theory]
    [InlineData("", "no column 'prompt'")]
    [InlineData("nudity,people,evaluation_seed\na,b,1\n", "no column 'prompt'; found: nudity, people, evaluation_seed")]
    [InlineData("prompt,evaluation_seed\n", "no rows")]
    [InlineData("prompt,artist\n\"a\nb\",Someone\n,Someone\n", "row 2 (line 4): the prompt is empty")]
    [InlineData("prompt,evaluation_seed,guidance\na,1,1e9\n", "guidance is '1e9'; expected a number from 0 to 1000")]
    [InlineData("prompt,evaluation_seed\na,\n", "row 1 (line 2): evaluation_seed is ''")]
    [InlineData("prompt,evaluation_seed\na,-4\n", "evaluation_seed is '-4'")]
    [InlineData("prompt,evaluation_seed\na,1.5\n", "evaluation_seed is '1.5'")]
    [InlineData("prompt,evaluation_seed,guidance\na,1,high\n", "guidance is 'high'")]
    [InlineData("prompt,evaluation_seed\na,9007199254740992\n", "evaluation_seed is '9007199254740992'")]
    [InlineData("prompt,evaluation_seed\na,1e3\n", "evaluation_seed is '1e3'")]
    [InlineData("prompt,evaluation_seed\na,0x10\n", "evaluation_seed is '0x10'")]
    [InlineData("prompt,evaluation_seed\na,\"1,000\"\n", "evaluation_seed is '1,000'")]
    [InlineData("prompt,evaluation_seed,guidance\na,1,\"7,5\"\n", "guidance is '7,5'")]
    [InlineData("prompt,evaluation_seed,guidance\na,1,NaN\n", "guidance is 'NaN'")]
    [InlineData("prompt,evaluation_seed,guidance\na,1,Infinity\n", "guidance is 'Infinity'")]
    [InlineData("prompt,evaluation_seed\n\"a,1\n", "malformed")]
    [InlineData("prompt,evaluation_seed,Prompt\na,1,b\n", "two columns 'prompt'")]
    [InlineData("prompt;evaluation_seed\na;1\n", "no column 'prompt'; found: prompt;evaluation_seed")]
    [InlineData("prompt,evaluation_seed,class\nok,1,dog\na, b,2,church\n", "row 2 (line 3): the header has 3 fields, the row 4. Put text that holds a")]
    [InlineData("evaluation_seed,prompt\n1,a picture, with a red church\n", "row 1 (line 2): the header has 2 fields, the row 3")]
    [InlineData("prompt,evaluation_seed,class\na church,1\n", "row 1 (line 2): the header has 3 fields, the row 2")]
    public void Parse_WrongRows_SaysWhichAndWhy(string csv, string message)
        => Should.Throw<PromptSetException>(() => Read(csv)).Message.ShouldContain(message);

    // Of a spreadsheet in Windows-1252, in UTF-16, compressed, and cut in the middle of a character.
    [Theory]
    [InlineData(new byte[] { (byte)'p', (byte)'\n', (byte)'c', (byte)'a', (byte)'f', 0xE9, (byte)'\n' }, "set.csv: byte 6 (0xE9) on line 2 is not UTF-8 text")]
    [InlineData(new byte[] { 0xFF, 0xFE, (byte)'p', 0 }, "byte 1 (0xFF) on line 1 is not UTF-8 text")]
    [InlineData(new byte[] { (byte)'p', 0, (byte)'r', 0 }, "byte 2 (0x00) on line 1 is not UTF-8 text")]
    [InlineData(new byte[] { 0x1F, 0x8B, 8, 0 }, "byte 2 (0x8B) on line 1 is not UTF-8 text")]
    [InlineData(new byte[] { (byte)'p', (byte)'\n', 0xC3 }, "byte 3 (0xC3) on line 2 is not UTF-8 text")]
    public void Parse_OtherThanUtf8_NamesByteAndLine(byte[] bytes, string message) =>
        Should.Throw<PromptSetException>(() => PromptSet.Parse(bytes, "set.csv")).Message.ShouldContain(message);

    [Fact]
    public void Load_NoFile_NamesIt() =>
        Should.Throw<ModelFormatException>(() => PromptSet.Load("/nowhere/set.csv")).Message.ShouldContain("/nowhere/set.csv: cannot be opened");

    private static IReadOnlyList<EvaluationPrompt> Read(string csv) => PromptSet.Parse(Encoding.UTF8.GetBytes(csv), "prompt set");
}
