namespace SafetyPortal.Requests.Tests;

public class RequestContentTests
{
    private static readonly RequestContent Good = PortalTest.Content(ConceptKind.Style, "sketch");

    public static readonly TheoryData<string, RequestContent> Bad = new()
    {
        { "ModelVersionId", Good with { ModelVersionId = 0 } },
        { "ConceptKind", Good with { ConceptKind = (ConceptKind)7 } },
        { "ConceptKind", Good with { ConceptKind = ConceptKind.Object, ConceptName = "Nude mannequin" } },
        { "ConceptKind", Good with { ConceptName = "nudes" } },
        { "ConceptKind", Good with { Synonyms = ["croquis", "half-naked"] } },
        { "ConceptKind", Good with { ConceptPrompts = ["a dog", "an UNDRESSED actor"] } },
        { "Scope", Good with { Scope = (AblationScope)7 } },
        { "Priority", Good with { Priority = (RequestPriority)7 } },
        { "ConceptName", Good with { ConceptName = "  " } },
        { "ConceptName", Good with { ConceptName = new string('x', 81) } },
        { "ConceptName", Good with { ConceptName = "a\0b" } },
        { "ConceptName", Good with { ConceptName = "sketch\u202Ehcteks" } },
        { "ConceptName", Good with { ConceptName = "trum\u200Bpet" } },
        { "ConceptName", Good with { ConceptName = "\u2800 \u3164" } },
        { "ConceptName", Good with { ConceptName = "half\uD800" } },
        { "ConceptName", Good with { ConceptName = "two\nlines" } },
        { "Justification", Good with { Justification = new string('\u200B', 12) } },
        { "Justification", Good with { Justification = "It must not be drawn \u2066any more." } },
        { "Synonyms", Good with { Synonyms = ["croquis, dessin"] } },
        { "ConceptPrompts", Good with { ConceptPrompts = ["a dog\nin the style of sketch"] } },
        { "Justification", Good with { Justification = "short" } },
        { "EvaluationSet", Good with { EvaluationSet = "" } },
        { "Seed", Good with { Seed = -1 } },
        { "Seed", Good with { Seed = RequestContent.MaxSeed + 1 } },
        { "Synonyms", Good with { Synonyms = [""] } },
        { "ConceptPrompts", Good with { ConceptPrompts = [] } },
        { "ConceptPrompts", Good with { ConceptPrompts = [new string('x', 501)] } },
        { "BasePrompts", Good with { BasePrompts = ["a", "b", "c"] } },
        { "ReferenceImages", Good with { ReferenceImages = ["../portal.db"] } },
        { "ReferenceImages", Good with { ReferenceImages = [.. Enumerable.Repeat(PortalTest.Digest('a'), 7)] } },
        { "ConceptPrompts", Good with { ConceptPrompts = ["a picture of a dog in the style of sketch", "a picture of an apple"] } },
        { "ConceptPrompts", Good with { ConceptKind = ConceptKind.Nudity, ConceptName = "nudity", ConceptPrompts = ["a picture of a mannequin"] } },
        { "BasePrompts", Good with { ConceptPrompts = ["a sketch of a dog"], BasePrompts = ["A  sketch of a dog "] } },
        { "Doses", Good with { Doses = [] } },
        { "Doses", Good with { Doses = [0] } },
        { "Doses", Good with { Doses = [0.51] } },
        { "Doses", Good with { Doses = [double.NaN] } },
        { "Doses", Good with { Doses = [0.1, 0.1] } },
    };

    [Fact]
    public void Problems_GoodContent_HasNone() => Good.Problems().ShouldBeEmpty();

    [Theory]
    [MemberData(nameof(Bad))]
    public void Problems_OneBadField_NamesThatField(string field, RequestContent content) =>
        content.Problems().ShouldHaveSingleItem().Field.ShouldBe(field);

    [Theory]
    [InlineData("Zeichnung à la carte", true, true)]
    [InlineData("दस चित्र \U0001F468\u200D\U0001F3A8", false, true)]
    [InlineData("two\nlines", false, true)]
    [InlineData("turned \u202Edeppilf", false, false)]
    [InlineData("        ", false, false)]
    public void WrittenText_CharactersThatAReaderCannotSee_AreTakenInLongTextsOnlyAndNeverWhenTheyReorder(string text, bool line, bool lines) =>
        (WrittenText.IsLine(text, 3, 80), WrittenText.IsText(text, 3, 80)).ShouldBe((line, lines));

    [Theory]
    [InlineData("a nude mannequin", true)]
    [InlineData("nude_person", true)]
    [InlineData("Nudity", true)]
    [InlineData("denuded hills", false)]
    [InlineData("a bare tree", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public void IsNamedIn_Text_LooksAtTheBeginningOfEachWord(string? text, bool named) => NudityTerms.IsNamedIn(text).ShouldBe(named);

    [Fact]
    public void ResolveBasePrompts_Style_AreThePromptsWithoutTheStyle() =>
        Good.ResolveBasePrompts().ShouldBe(["a picture of a church", "a picture of a dog"]);

    [Fact]
    public void ResolveBasePrompts_Object_IsTheEmptyPrompt() =>
        (Good with { ConceptKind = ConceptKind.Object }).ResolveBasePrompts().ShouldBe([""]);

    [Theory]
    [InlineData("a picture of a nude mannequin", "a picture of a mannequin")]
    [InlineData("An unclothed artist", "an artist")]
    [InlineData("a naked actor on a beach", "an actor on a beach")]
    [InlineData("nudeness", "nudeness")]
    public void DefaultBase_Nudity_DropsTheWordAndRepairsTheArticle(string prompt, string expected)
    {
        var choice = ConceptPrompts.DefaultBase(ConceptKind.Nudity, "nudity", [], [prompt]);

        choice.Prompts[0].ShouldBe(expected);
        choice.Explanation.ShouldContain("without the word");
    }

    [Fact]
    public void DefaultBase_PromptThatIsOnlyTheConcept_BecomesTheEmptyPrompt()
    {
        var choice = ConceptPrompts.DefaultBase(ConceptKind.Style, "sketch", ["line art"], ["a dog in the style of line art", "a sketch"]);

        choice.Prompts.ShouldBe(["a dog", ""]);
    }

    [Fact]
    public void DefaultFor_Style_ShowsItOnTheThingsTheModelDraws() =>
        ConceptPrompts.DefaultFor(ConceptKind.Style, "Sketch", ["dog", "apple"])
            .ShouldBe(["a picture of a dog in the style of sketch", "a picture of an apple in the style of sketch"]);

    [Fact]
    public void DefaultFor_Object_ShowsItInTheStylesTheModelDrawsIn() =>
        ConceptPrompts.DefaultFor(ConceptKind.Object, "Apple", ["dog"], ["noto", "sketch"])
            .ShouldBe(["a picture of an apple in the style of noto", "a picture of an apple in the style of sketch"]);

    [Theory]
    [InlineData("  Gas   Pump ", "gas pump")]
    [InlineData("CHURCH", "church")]
    public void KeyOf_SpellingsOfOneName_Meet(string name, string key) => ConceptName.KeyOf(name).ShouldBe(key);
}
