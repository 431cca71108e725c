using SafetyPortal.Tests;

namespace SafetyPortal.Lab.Parity;

public sealed class ParityRunTests
{
    public static TheoryData<string> Items =>
        [.. ParityRun.ItemNames.Union(Directory.GetDirectories(GoldenFolder.At(), "??_*").Select(folder => Path.GetFileName(folder)))];

    [Theory]
    [MemberData(nameof(Items))]
    public void Check_GoldenItem_EveryComparisonPasses(string name)
    {
        var item = ParityRun.Check(GoldenFolder.At(), [name]).ShouldHaveSingleItem();

        item.Failures.Select(failure => failure.ToString()).ShouldBeEmpty();
        item.Unchecked.ShouldBeEmpty();
        item.Checks.ShouldBeGreaterThan(9);
    }
}
