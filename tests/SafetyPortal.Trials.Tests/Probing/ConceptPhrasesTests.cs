using SafetyPortal.Trials.Probing;

namespace SafetyPortal.Trials.Tests.Probing;

public sealed class ConceptPhrasesTests
{
    [Theory]
    [InlineData("a picture of a church in the style of noto", "church", "a picture in the style of noto")]
    [InlineData("a picture of a church", "church", "a picture")]
    [InlineData("a picture of a fish in the style of sketch", "sketch", "a picture of a fish")]
    [InlineData("a picture of a nude mannequin", "nude", "a picture of a mannequin")]
    [InlineData("a nude apple", "nude", "an apple")]
    [InlineData("a picture of a dog", "church", "a picture of a dog")]
    [InlineData("a photo, in the style of Van Gogh, of a car", "Van Gogh", "a photo, of a car")]
    public void Without_Prompt_LosesTheConceptAndNothingElse(string prompt, string word, string expected) =>
        ConceptPhrases.Without(prompt, [word]).ShouldBe(expected);

    [Fact]
    public void Paraphrases_Object_AsksInOtherWordsAndWithSynonyms()
    {
        var texts = ConceptPhrases.Paraphrases(ConceptKind.Object, ["apple", "pippin"], [], ["fruit"]);

        texts.ShouldContain("a photo of an apple");
        texts.ShouldContain("a picture of a pippin");
        texts.ShouldContain("a picture of a fruit");
        texts.ShouldBeUnique();
    }

    [Fact]
    public void Paraphrases_Style_DrawsEveryThing()
    {
        var texts = ConceptPhrases.Paraphrases(ConceptKind.Style, ["sketch"], ["a fish", "a dog"], []);

        texts.ShouldBe(["sketch of a fish", "a dog, sketch"]);
    }

    [Fact]
    public void Words_Nudity_PutsTheModelsOwnWordFirst() =>
        ConceptPhrases.Words(ConceptKind.Nudity, "naked person", ["disrobed"]).Take(2).ShouldBe(["naked", "nude"]);

    [Theory]
    [InlineData("down_blocks.1.attentions.0.transformer_blocks.0.ff.net.0.proj.weight", "down_blocks.1.attentions.0.transformer_blocks.0", "ff.net.0.proj")]
    [InlineData("mid_block.attentions.0.transformer_blocks.0.attn2.to_k.weight", "mid_block.attentions.0.transformer_blocks.0", "attn2.to_k")]
    [InlineData("conv_in.weight", "conv_in", "")]
    public void Split_WeightName_TellsLayerFromMatrix(string name, string layer, string matrix) =>
        ConceptMasses.Split(name).ShouldBe((layer, matrix));
}
