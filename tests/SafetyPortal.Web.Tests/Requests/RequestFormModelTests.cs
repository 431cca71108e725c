using SafetyPortal.Requests;
using SafetyPortal.Web.Requests;

namespace SafetyPortal.Web.Tests.Requests;

public class RequestFormModelTests
{
    [Fact]
    public void ToContent_Defaults_AreThoseOfTheKind()
    {
        var form = new RequestFormModel { ModelVersionId = 1, Kind = ConceptKind.Object, Name = "church", Justification = "withdrawn rights" };

        var content = form.ToContent(model: null);

        content.Problems().ShouldBeEmpty();
        content.ConceptPrompts.ShouldBe(["a picture of a church"]);
        content.ResolveBasePrompts().ShouldBe([""]);
        content.Doses.ShouldBe([0.01, 0.02, 0.03, 0.05, 0.08]);
    }

    [Fact]
    public void ToContent_OwnPrompts_KeepAnEmptyBaseLine()
    {
        var form = new RequestFormModel { Name = "x", ConceptPrompts = " an x \r\n\r\nx on grass", BasePrompts = "\na lawn", Doses = "0.5, 2.5 %" };

        var content = form.ToContent(model: null);

        content.ConceptPrompts.ShouldBe(["an x", "x on grass"]);
        content.BasePrompts.ShouldBe(["", "a lawn"]);
        content.Doses.ShouldBe([0.005, 0.025]);
    }

    [Fact]
    public void ChooseKind_AfterSomethingWasWritten_LeavesNothingOfTheOtherKind()
    {
        var form = new RequestFormModel
        {
            Name = "church",
            Synonyms = "chapel",
            ConceptPrompts = "a church",
            BasePrompts = "a lawn",
            Justification = "withdrawn rights",
        };

        form.ChooseKind(ConceptKind.Nudity);

        var content = form.ToContent(model: null);
        content.Synonyms.ShouldBeEmpty();
        content.ConceptPrompts.ShouldAllBe(prompt => !prompt.Contains("church", StringComparison.Ordinal));
        content.Justification.ShouldBe("withdrawn rights");
    }

    [Theory]
    [InlineData("2,5", "Understood as 2 % and 5 %.")]
    [InlineData("2.5 %", "Understood as 2.5 %.")]
    [InlineData("1, x", "Expected doses in per cent such as \"1, 2.5, 5\", got \"x\".")]
    public void UnderstoodDoses_Text_SaysWhatItMeans(string doses, string understood) =>
        new RequestFormModel { Doses = doses }.UnderstoodDoses().ShouldBe(understood);

    [Theory]
    [InlineData(null, null)]
    [InlineData("a lawn", "a lawn")]
    [InlineData("a lawn\r\n", "a lawn|")]
    [InlineData("", "")]
    public void WrittenBasePrompts_Text_HasOnePromptALine(string? text, string? prompts) =>
        new RequestFormModel { BasePrompts = text }.WrittenBasePrompts.ShouldBe(prompts?.Split('|'));

    [Fact]
    public void From_RequestWithFineDosesAndAnotherSet_ComesBackUnchanged()
    {
        var content = new RequestContent
        {
            ModelVersionId = 1,
            ConceptKind = ConceptKind.Object,
            ConceptName = "church",
            ConceptPrompts = ["a church"],
            Justification = "withdrawn rights",
            Doses = [0.00001234567, 0.07],
            EvaluationSet = "i2p",
            Synonyms = ["chapel", "dom"],
        };

        var again = RequestFormModel.From(EraseRequest.File(content, "r", "r", "salt", DateTimeOffset.UnixEpoch)).ToContent(model: null);

        again.Doses.ShouldBe(content.Doses);
        (again.EvaluationSet, again.Synonyms[1]).ShouldBe(("i2p", "dom"));
    }

    [Theory]
    [InlineData("1, two")]
    [InlineData("NaN")]
    [InlineData("1;2")]
    [InlineData("-1")]
    public void ToContent_DosesThatAreNoNumbers_NameThem(string doses) =>
        Should.Throw<InvalidRequestException>(() => new RequestFormModel { Doses = doses, Name = "x" }.ToContent(model: null))
            .Message.ShouldContain("Expected doses in per cent");
}
