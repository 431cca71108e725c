using SafetyPortal.Requests.Artifacts;
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
        var digest = await store.PutAsync(new byte[] { 1, 2, 3 }, default);

        (await memo.FindAsync("key", default)).ShouldBeNull();
        await memo.RememberAsync("key", digest, default);

        (await memo.FindAsync("key", default)).ShouldBe(digest);
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
