namespace SafetyPortal.Images;

/// <summary>Lays pictures of one size out in rows.</summary>
public static class ContactSheet
{
    /// <param name="tiles">At least one; all of the width and height of the first, 3 channels. Null leaves a place empty.</param>
    /// <param name="columns">Pictures per row.</param>
    /// <param name="gap">Pixels between pictures and around the sheet.</param>
    /// <param name="shade">Grey level of the gaps, 0 to 255.</param>
    /// <exception cref="ArgumentException">No tiles, or tiles that differ in size.</exception>
    public static Raster Arrange(IReadOnlyList<Raster?> tiles, int columns, int gap = 2, byte shade = 255)
    {
        if (tiles is not [{ } first, ..] || columns < 1 || gap < 0)
        {
            throw new ArgumentException(
                $"Expected at least one tile, the first a picture, and one column, got {tiles.Count} tiles, {columns} columns, gap {gap}.", nameof(tiles));
        }

        var (width, height) = (first.Width, first.Height);
        var across = Math.Min(columns, tiles.Count);
        var rows = (tiles.Count + columns - 1) / columns;
        var sheetWidth = across * (width + gap) + gap;
        var sheetHeight = rows * (height + gap) + gap;
        var pixels = new byte[checked(sheetWidth * sheetHeight * 3)];
        Array.Fill(pixels, shade);
        for (var i = 0; i < tiles.Count; i++)
        {
            if (tiles[i] is not { } tile)
                continue;
            if (tile.Width != width || tile.Height != height || tile.Channels != 3)
            {
                throw new ArgumentException(
                    $"Expected tiles of {width} x {height} x 3, tile {i} is {tile.Width} x {tile.Height} x {tile.Channels}.", nameof(tiles));
            }

            var left = i % columns * (width + gap) + gap;
            var top = i / columns * (height + gap) + gap;
            for (var y = 0; y < height; y++)
                tile.Pixels.AsSpan(y * width * 3, width * 3).CopyTo(pixels.AsSpan(((top + y) * sheetWidth + left) * 3));
        }

        return new Raster(sheetWidth, sheetHeight, 3, pixels);
    }
}
