using SafetyPortal.Cli.Commands;
using SafetyPortal.Lab.Study;

namespace SafetyPortal.Lab.Tests.Study;

public class StudyCommandTests
{
    [Theory]
    [InlineData("object:Bow  Tie", "object-bow-tie")]
    [InlineData("style:sketch", "style-sketch")]
    [InlineData("nudity", "nudity-nudity")]
    public void Slug_PlainWords_AreTheFileName(string concept, string expected) => StudyCommand.Slug(ConceptArgument.Parse(concept)).ShouldBe(expected);

    [Fact]
    public void Slug_NamesThatLookAlikeOrLeadElsewhere_AreDifferentPlainFileNames()
    {
        string[] names =
        [
            "bow tie", "bow-tie", "bow_tie", "bow/tie", "bow\\tie", "../bow", "..", ".", "bow.", "b\u00f6w", "\u732b",
            new string('b', 300), new string('b', 301),
        ];

        var slugs = names.Select(name => StudyCommand.Slug(new ConceptArgument(ConceptKind.Object, name))).ToList();

        slugs.ShouldBeUnique();
        slugs.ShouldAllBe(slug => slug.Length < 100 && slug.All(c => char.IsAsciiLetterOrDigit(c) || c == '-'));
    }
}
