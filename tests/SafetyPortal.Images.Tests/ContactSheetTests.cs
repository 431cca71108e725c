namespace SafetyPortal.Images.Tests;

public class ContactSheetTests
{
    [Fact]
    public void Arrange_ThreeTilesInTwoColumns_PutsThemInRowsWithGaps()
    {
        var sheet = ContactSheet.Arrange([Plain(10), Plain(20), Plain(30)], columns: 2, gap: 1, shade: 255);

        sheet.ShouldSatisfyAllConditions(s => s.Width.ShouldBe(7), s => s.Height.ShouldBe(7), s => s.Channels.ShouldBe(3));
        At(sheet, 0, 0).ShouldBe((byte)255);
        At(sheet, 1, 1).ShouldBe((byte)10);
        At(sheet, 4, 1).ShouldBe((byte)20);
        At(sheet, 1, 4).ShouldBe((byte)30);
        At(sheet, 4, 4).ShouldBe((byte)255);
    }

    [Fact]
    public void Arrange_NullTile_LeavesItsPlaceEmpty()
    {
        var sheet = ContactSheet.Arrange([Plain(10), null, Plain(30)], columns: 2, gap: 1, shade: 200);

        (At(sheet, 1, 1), At(sheet, 4, 1), At(sheet, 1, 4)).ShouldBe(((byte)10, (byte)200, (byte)30));
    }

    [Fact]
    public void Arrange_TilesOfDifferentSizes_NamesTheOddOne() =>
        Should.Throw<ArgumentException>(() => ContactSheet.Arrange([Plain(1), new Raster(3, 2, 3, new byte[18])], columns: 2))
            .Message.ShouldContain("Expected tiles of 2 x 2 x 3, tile 1 is 3 x 2 x 3");

    [Fact]
    public void Arrange_NoTiles_IsRefused() => Should.Throw<ArgumentException>(() => ContactSheet.Arrange([], columns: 2));

    private static Raster Plain(byte shade)
    {
        var pixels = new byte[12];
        Array.Fill(pixels, shade);
        return new Raster(2, 2, 3, pixels);
    }

    private static byte At(Raster raster, int x, int y) => raster.Pixels[((y * raster.Width) + x) * 3];
}
