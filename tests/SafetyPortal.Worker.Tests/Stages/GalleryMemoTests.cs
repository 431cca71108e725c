using System.Text;
using SafetyPortal.Requests.Artifacts;
using SafetyPortal.Requests.Audit;
using SafetyPortal.Trials.Measuring;
using SafetyPortal.Worker.Stages;

namespace SafetyPortal.Worker.Tests.Stages;

public sealed class GalleryMemoTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory();

    public void Dispose() => folder.Delete(recursive: true);

    [Fact]
    public async Task Find_RememberedAndStored_IsFound()
    {
        var store = new FolderArtifactStore(Path.Combine(folder.FullName, "artifacts"));
        var memo = new GalleryMemo(store, Path.Combine(folder.FullName, "cache"));
        var (gallery, digest) = await GalleryAsync(store);

        (await memo.FindAsync("key", default)).ShouldBeNull();
        await memo.RememberAsync("key", digest, default);

        (await memo.FindAsync("key", default)).ShouldNotBeNull().Images.ShouldBe(gallery.Images);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Find_ImageGoneOrDamaged_IsForgotten(bool gone)
    {
        var root = Path.Combine(folder.FullName, "artifacts");
        var store = new FolderArtifactStore(root);
        var memo = new GalleryMemo(store, Path.Combine(folder.FullName, "cache"));
        var (gallery, digest) = await GalleryAsync(store);
        await memo.RememberAsync("key", digest, default);

        var image = Path.Combine(root, gallery.Images[0].Image[..2], gallery.Images[0].Image[2..]);
        if (gone)
            File.Delete(image);
        else
            await File.WriteAllBytesAsync(image, [9]);

        (await memo.FindAsync("key", default)).ShouldBeNull();
    }

    private static async Task<(StoredGallery Gallery, string Digest)> GalleryAsync(FolderArtifactStore store)
    {
        var gallery = new StoredGallery(
            [new ImageReading("church-00", await store.PutAsync(new byte[] { 1, 2, 3 }, default), "church", "noto", "church", null)],
            await store.PutAsync(new byte[] { 4, 5, 6 }, default));
        return (gallery, await store.PutAsync(Encoding.UTF8.GetBytes(CanonicalJson.Serialize(gallery)), default));
    }

    [Fact]
    public async Task Find_ArtifactGone_IsForgotten()
    {
        var memo = new GalleryMemo(new FolderArtifactStore(Path.Combine(folder.FullName, "artifacts")), folder.FullName);
        await memo.RememberAsync("key", new string('0', 64), default);

        (await memo.FindAsync("key", default)).ShouldBeNull();
    }

    [Fact]
    public async Task Find_WithoutAFolder_RemembersNothing()
    {
        var memo = new GalleryMemo(new FolderArtifactStore(folder.FullName), folder: null);
        await memo.RememberAsync("key", new string('0', 64), default);

        (await memo.FindAsync("key", default)).ShouldBeNull();
    }
}
