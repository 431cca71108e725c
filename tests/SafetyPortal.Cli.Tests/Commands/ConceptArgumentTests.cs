using SafetyPortal.Cli.Commands;

namespace SafetyPortal.Cli.Tests.Commands;

public sealed class ConceptArgumentTests
{
    [Theory]
    [InlineData("object:church", ConceptKind.Object, "church")]
    [InlineData("Object: gas pump", ConceptKind.Object, "gas pump")]
    [InlineData("style:sketch", ConceptKind.Style, "sketch")]
    [InlineData("nudity", ConceptKind.Nudity, "nudity")]
    public void Parse_WellFormed_GivesKindAndName(string text, ConceptKind kind, string name) =>
        ConceptArgument.Parse(text).ShouldBe(new ConceptArgument(kind, name));

    [Theory]
    [InlineData("")]
    [InlineData("church")]
    [InlineData("object:")]
    [InlineData("nudity:people")]
    [InlineData("person:me")]
    public void Parse_Malformed_SaysWhatIsExpected(string text) =>
        Should.Throw<FormatException>(() => ConceptArgument.Parse(text)).Message.ShouldContain("object:NAME, style:NAME or nudity");
}
