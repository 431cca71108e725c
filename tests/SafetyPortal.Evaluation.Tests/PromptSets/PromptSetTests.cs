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
            new EvaluationPrompt("line one\nline two", 1234, Guidance: 7),
            new EvaluationPrompt("say \"hi\"", 5),
        ]);
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
    [InlineData("text,evaluation_seed\na,1\n", "no column 'prompt'")]
    [InlineData("prompt,class\na,b\n", "no column 'evaluation_seed'")]
    [InlineData("prompt,evaluation_seed\n", "no rows")]
    [InlineData("prompt,evaluation_seed\na,1\n,2\n", "Row 2: the prompt is empty")]
    [InlineData("prompt,evaluation_seed\na,\n", "Row 1: evaluation_seed is ''")]
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
}
