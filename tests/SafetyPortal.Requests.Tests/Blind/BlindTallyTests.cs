using SafetyPortal.Requests.Blind;

namespace SafetyPortal.Requests.Tests.Blind;

public class BlindTallyTests
{
    private static readonly BlindTriple[] Triples = [.. Enumerable.Range(0, 20).Select(i => new BlindTriple(
        $"prompt {i}", i, new($"u{i}", Detected: true), new($"e{i}", Detected: false), new($"p{i}", Detected: i % 2 == 0)))];

    [Fact]
    public void Draw_ManyTriples_TakesThreePicturesOfEachChosenPromptInTheOrderOfTheSeed()
    {
        var deck = BlindDeck.Draw(Triples, seed: 7);

        deck.Count.ShouldBe(3 * BlindDeck.Prompts);
        deck.GroupBy(card => card.Seed).ShouldAllBe(prompt => prompt.Select(card => card.Arm).Order().SequenceEqual(Enum.GetValues<BlindArm>()));
        deck.Select(card => card.Image).ShouldBe(BlindDeck.Draw(Triples, seed: 7).Select(card => card.Image));
        deck.Select(card => card.Image).ShouldNotBe(BlindDeck.Draw(Triples, seed: 8).Select(card => card.Image));
        // With the arms in the same order for each prompt, an approver could count along.
        deck.Chunk(3).Count(three => three.Select(card => card.Arm).SequenceEqual(Enum.GetValues<BlindArm>())).ShouldBeLessThan(BlindDeck.Prompts);
    }

    [Fact]
    public void Draw_FewTriples_TakesThemAll() => BlindDeck.Draw(Triples[..2], seed: 1).Count.ShouldBe(6);

    [Fact]
    public void Of_Marks_CountsPersonAndDetectorByModel()
    {
        BlindCard[] deck =
        [
            new(BlindArm.Edited, "p", 0, "a", Detected: false),
            new(BlindArm.Unedited, "p", 0, "b", Detected: true),
            new(BlindArm.Placebo, "p", 0, "c", Detected: true),
            new(BlindArm.Unedited, "p", 1, "d", Detected: true),
            new(BlindArm.Edited, "p", 1, "e", Detected: false),
            new(BlindArm.Placebo, "p", 1, "f", Detected: false),
        ];

        var tally = BlindTally.Of(deck, [true, true, true, false, false, true]);

        tally.Arms.ShouldBe([new(BlindArm.Unedited, 2, 1, 2), new(BlindArm.Edited, 2, 1, 0), new(BlindArm.Placebo, 2, 2, 1)]);
        (tally.Agreed, tally.N).ShouldBe((3, 6));
    }

    [Fact]
    public void Of_TooFewMarks_IsRefused() =>
        Should.Throw<ArgumentException>(() => BlindTally.Of(BlindDeck.Draw(Triples, 1), [true])).Message.ShouldContain("Expected 24 marks");
}
