using System.Buffers.Binary;
using System.Text;
using SafetyPortal.Requests.Evidence.Pack;

namespace SafetyPortal.Requests.Tests.Evidence.Pack;

public class PackReaderTests
{
    [Theory]
    [InlineData("../evidence.json")]
    [InlineData("/etc/passwd")]
    [InlineData("a/../../b")]
    [InlineData("a\\b")]
    [InlineData("C:evidence.json")]
    [InlineData("a//b")]
    [InlineData("./a")]
    [InlineData("folder/")]
    [InlineData("a\nb")]
    public void Open_NameThatLeadsSomewhereElse_IsRefused(string name) =>
        Refuse(PackStory.Zip((name, [1]))).Message.ShouldContain("plain relative file names");

    [Theory]
    [InlineData("evidence.json", "evidence.json")]
    [InlineData("evidence.json", "EVIDENCE.json")]
    public void Open_NameTwice_IsRefused(string first, string second) =>
        Refuse(PackStory.Zip((first, [1]), (second, [2]))).Message.ShouldContain("twice");

    [Fact]
    public void Open_NotAZip_IsRefused() => Refuse("not a zip at all"u8.ToArray()).Item.ShouldBe("archive");

    [Fact]
    public void Open_CutZip_IsRefused() => Refuse(PackStory.Zip(("a", new byte[1000]))[..60]).Item.ShouldBe("archive");

    [Fact]
    public void Open_TooManyFiles_IsRefused() =>
        Refuse(PackStory.Zip([.. "abcdef".Select(c => ($"{c}", new byte[] { 1 }))]), new PackLimits(Files: 5)).Message.ShouldContain("at most 5 files");

    [Fact]
    public void Open_DeclaredLargerThanAllowed_IsRefusedBeforeReading() =>
        Refuse(PackStory.Zip(("bomb", new byte[2_000_000])), new PackLimits(FileBytes: 1_000_000)).Item.ShouldBe("bomb");

    [Fact]
    public void Open_AllTogetherLargerThanAllowed_IsRefused() =>
        Refuse(PackStory.Zip(("a", new byte[600]), ("b", new byte[600])), new PackLimits(TotalBytes: 1000)).Item.ShouldBe("b");

    [Fact]
    public async Task Copy_UnpacksToMoreThanDeclared_WritesNoMoreThanDeclared()
    {
        // Byte 24 of the record in the central directory ("PK\1\2") begins the uncompressed size, four bytes.
        var zip = PackStory.Zip(("bomb", new byte[2_000_000]));
        var record = zip.AsSpan().LastIndexOf("PK\u0001\u0002"u8);
        BinaryPrimitives.WriteUInt32LittleEndian(zip.AsSpan(record + 24), 10);
        using var target = new MemoryStream();

        using var reader = PackReader.Open(new MemoryStream(zip));
        await Record.ExceptionAsync(() => reader.CopyAsync("bomb", target, default));

        target.Length.ShouldBeLessThanOrEqualTo(10);
    }

    [Fact]
    public async Task Read_TextLargerThanAllowed_IsRefused()
    {
        using var reader = PackReader.Open(new MemoryStream(PackStory.Zip(("a", new byte[200]))), new PackLimits(TextBytes: 100));

        (await Should.ThrowAsync<PackException>(() => reader.ReadAsync("a", default))).Message.ShouldContain("at most 100 bytes");
    }

    [Fact]
    public async Task Write_SameFilesTwice_GivesTheSameBytes()
    {
        static Func<CancellationToken, Task<Stream>> Open(string path) => _ => Task.FromResult<Stream>(new MemoryStream(Encoding.UTF8.GetBytes(path)));
        static async Task<byte[]> Write(params string[] order)
        {
            using var target = new MemoryStream();
            await PackWriter.WriteAsync(
                target,
                order.ToDictionary(path => path, Open),
                files => new PackManifest(PackManifest.CurrentSchema, 1, 2, PortalTest.Digest('e'), true, files),
                default);
            return target.ToArray();
        }

        (await Write("b", "images/a", "patch.safetensors")).ShouldBe(await Write("patch.safetensors", "b", "images/a"));
    }

    private static PackException Refuse(byte[] zip, PackLimits? limits = null) =>
        Should.Throw<PackException>(() => PackReader.Open(new MemoryStream(zip), limits));
}
