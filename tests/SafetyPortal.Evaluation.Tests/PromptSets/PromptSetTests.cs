namespace SafetyPortal.Evaluation.PromptSets;

public sealed class PromptSetTests
{
    [Fact]
    public void Read_AllColumns_FillsEveryField()
    {
        var set = Read("prompt,evaluation_seed,class,artist,style,image_id,guidance\n\"a church, at dusk\",42,church,Van Gogh,sketch,17,7.5\n");

        set.ShouldBe([new EvaluationPrompt("a church, at dusk", 42, "church", "Van Gogh", "sketch", "17", 7.5)]);
    }

    // The column names of the published I2P set, and a seed as pandas saves it.
    [Fact]
    public void Read_PublicSetWithOtherColumns_TakesWhatItKnows()
    {
        var set = Read(",Prompt,categories,hard,SD_seed,sd_guidance_scale\n0,\"line one\nline two\",violence,0,1234.0,7\n1,\"say \"\"hi\"\"\",,1,5,\n");

        set.ShouldBe(
        [
            new EvaluationPrompt("line one\nline two", 1234, Guidance: 7, Categories: "violence"),
            new EvaluationPrompt("say \"hi\"", 5),
        ]);
    }

    // Header lines as published; the rows are made up.
    [Theory]
    [InlineData(",prompt,categories,hard,inappropriate_percentage,nudity_percentage,q16_percentage,sd_safety_percentage,prompt_toxicity,lexica_url,evaluation_seed,evaluation_guidance,sd_image_width,sd_image_height,sd_model,case_number", "0,\"a hill, at night\",\"violence, shocking\",0,1.5,0,0,0,0.01,https://example.org/1,3820110033,7,512,768,x,12", "a hill, at night", 3820110033, "12")]
    [InlineData("Unnamed: 0,prompt,categories,hard,inappropriate_percentage,nudity_percentage,q16_percentage,sd_safety_percentage,prompt_toxicity,lexica_url,evaluation_seed,evaluation_guidance,sd_image_width,sd_image_height,sd_model,case_number", "21,a hill,violence,0,1.5,0,0,0,0.01,u,7,7,512,768,x,12", "a hill", 7, "12")]
    [InlineData(",case_number,prompt,evaluation_seed,class", "0,3,Image of golf ball,4068,golf ball", "Image of golf ball", 4068, "3")]
    [InlineData(",case_number,evaluation_seed,prompt,label_idx,label_str", "0,3,41955,image of golf ball,574,golf ball", "image of golf ball", 41955, "3")]
    [InlineData(",case_number,prompt,evaluation_seed,artist", "0,5,\"A hill, in the style of Someone\",310,Someone", "A hill, in the style of Someone", 310, "5")]
    [InlineData("case_number,data,prompt,artist,evaluation_seed", "0,generic_artists_prompts,a design of Someone,Someone,5860", "a design of Someone", 5860, "0")]
    [InlineData("image_id,source,prompt,evaluation_seed", "000000001234,coco-30k,A hill.,41337", "A hill.", 41337, "000000001234")]
    [InlineData("case_number,source,prompt,evaluation_seed,coco_id", "0,coco,A hill.,41337,1234", "A hill.", 41337, "1234")]
    [InlineData("prompt,case_number,evaluation_seed", "\"hillrit ored @ud, \"\". patriot\",4,7", "hillrit ored @ud, \". patriot", 7, "4")]
    [InlineData("case_number,prompt,evaluation_seed,evaluation_guidance", "0,Hill in a field.,69922,7.5", "Hill in a field.", 69922, "0")]
    [InlineData("target_prompt,adv_prompt", "a hill,hillk unt ov", "hillk unt ov", 1, null)]
    public void Read_HeadersOfPublicSets_Load(string header, string row, string prompt, long seed, string? image)
    {
        foreach (var text in new[] { $"{header}\n{row}\n", $"\uFEFF{header}\r\n{row}\r\n", $"{header}\n{row}" })
        {
            var read = Read(text).ShouldHaveSingleItem();

            read.Prompt.ShouldBe(prompt);
            read.Seed.ShouldBe(seed);
            read.ImageId.ShouldBe(image);
        }
    }

    // The published I2P has one row without words, and guidances up to 255.
    [Fact]
    public void Read_OddRowsOfPublicSets_AreKept()
        => Read("prompt,evaluation_seed,evaluation_guidance\n,4261564198,7\na hill,1852995663,240\n").ShouldBe([new("", 4261564198, Guidance: 7), new("a hill", 1852995663, Guidance: 240)]);

    [Fact]
    public void Read_ColumnsOfTheSet_FillArtistClassAndCategories()
    {
        Read("prompt,evaluation_seed,artist\na,1,Someone\n")[0].Artist.ShouldBe("Someone");
        Read("prompt,evaluation_seed,label_str\na,1,golf ball\n")[0].Class.ShouldBe("golf ball");
        Read("prompt,evaluation_seed,categories\na,1,\"violence, shocking\"\n")[0].Categories.ShouldBe("violence, shocking");
    }

    // 300,000 rows would take over 30 MB as a list; the reader makes them up as they are asked for.
    [Fact]
    public void Stream_LongerThanASetMayBe_IsReadRowByRow()
    {
        using var text = new EndlessRows();

        PromptSet.Stream(text).Skip(300_000).First().Seed.ShouldBe(300_000);
        text.Made.ShouldBeLessThan(400_000);
        using var again = new EndlessRows();
        Should.Throw<PromptSetException>(() => PromptSet.Read(again)).Message.ShouldContain("more than 100000 rows");
    }

    [Fact]
    public void Save_ThenLoad_GivesTheSameRows()
    {
        var path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.csv");
        EvaluationPrompt[] prompts = [new("a, \"b\"\nc; d", 7, "dog", Guidance: 3.25), new("=1+1", 0, Style: "pixel")];
        try
        {
            PromptSet.Save(path, prompts);

            PromptSet.Load(path).ShouldBe(prompts);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Theory]
    [InlineData("", "no column 'prompt'")]
    [InlineData("nudity,people,evaluation_seed\na,b,1\n", "no column 'prompt'; found: nudity, people, evaluation_seed")]
    [InlineData("prompt,evaluation_seed\n", "no rows")]
    [InlineData("prompt,artist\n\"a\nb\",Someone\n,Someone\n", "Row 2 (line 4): the prompt is empty")]
    [InlineData("prompt,evaluation_seed,guidance\na,1,1e9\n", "guidance is '1e9'; expected a number from 0 to 1000")]
    [InlineData("prompt,evaluation_seed\na,\n", "Row 1 (line 2): evaluation_seed is ''")]
    [InlineData("prompt,evaluation_seed\na,-4\n", "evaluation_seed is '-4'")]
    [InlineData("prompt,evaluation_seed\na,1.5\n", "evaluation_seed is '1.5'")]
    [InlineData("prompt,evaluation_seed,guidance\na,1,high\n", "guidance is 'high'")]
    [InlineData("prompt,evaluation_seed\n\"a,1\n", "malformed")]
    public void Read_WrongRows_SaysWhichAndWhy(string csv, string message)
        => Should.Throw<PromptSetException>(() => Read(csv)).Message.ShouldContain(message);

    [Fact]
    public void Load_NoFile_NamesIt() => Should.Throw<PromptSetException>(() => PromptSet.Load("/nowhere/set.csv")).Message.ShouldContain("/nowhere/set.csv does not exist");

    private static IReadOnlyList<EvaluationPrompt> Read(string csv)
    {
        using var reader = new StringReader(csv);
        return PromptSet.Read(reader);
    }

    /// <summary>A table without an end.</summary>
    private sealed class EndlessRows : TextReader
    {
        private string line = "prompt,evaluation_seed\n";
        private int at;

        public int Made { get; private set; }

        public override int Peek() => line[at];

        public override int Read()
        {
            var c = line[at++];
            if (at == line.Length)
                (line, at) = ($"prompt {Made},{Made++}\n", 0);
            return c;
        }
    }
}
