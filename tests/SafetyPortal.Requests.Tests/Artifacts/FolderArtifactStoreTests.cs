using System.Security.Cryptography;
using SafetyPortal.Requests.Artifacts;

namespace SafetyPortal.Requests.Tests.Artifacts;

public sealed class FolderArtifactStoreTests : IDisposable
{
    private readonly string root = Path.Combine(Path.GetTempPath(), "artifact-test-" + Guid.NewGuid().ToString("N"));
    private readonly FolderArtifactStore store;

    public FolderArtifactStoreTests() => store = new FolderArtifactStore(root);

    [Fact]
    public async Task Put_Content_IsNamedByItsSha256AndComesBack()
    {
        var content = Bytes(300_000);

        var digest = await store.PutAsync(content, default);

        digest.ShouldBe(Convert.ToHexStringLower(SHA256.HashData(content)));
        (await store.ReadAsync(digest, default)).ShouldBe(content);
        store.Contains(digest).ShouldBeTrue();
    }

    [Fact]
    public async Task Put_SameContentTwice_KeepsOneFile()
    {
        await store.PutAsync(Bytes(10), default);
        await store.PutAsync(Bytes(10), default);

        Files().Length.ShouldBe(1);
    }

    [Fact]
    public async Task Put_SameContentFromManyTasks_NeverFails()
    {
        var digests = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(() => store.PutAsync(Bytes(200_000), default))));

        digests.Distinct().Count().ShouldBe(1);
        Files().Length.ShouldBe(1);
    }

    [Fact]
    public async Task Open_DamagedFile_ThrowsBeforeHandingOutAByte()
    {
        var digest = await store.PutAsync(Bytes(1000), default);
        await using (var file = File.OpenWrite(Files()[0]))
        {
            file.Position = 500;
            file.WriteByte(255);
            file.WriteByte(254);
        }

        (await Should.ThrowAsync<ArtifactException>(() => store.OpenAsync(digest, default))).Message.ShouldContain("damaged");
        await Should.ThrowAsync<ArtifactException>(() => store.PathOfAsync(digest, default));
    }

    [Theory]
    [InlineData("../../etc/passwd")]
    [InlineData("")]
    [InlineData("ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789")]
    [InlineData("..00000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("/000000000000000000000000000000000000000000000000000000000000000")]
    public async Task Open_NameThatIsNoDigest_IsRefused(string name)
    {
        store.Contains(name).ShouldBeFalse();
        await Should.ThrowAsync<ArtifactException>(() => store.OpenAsync(name, default));
    }

    [Fact]
    public async Task Open_UnknownDigest_SaysItIsNotStored() =>
        (await Should.ThrowAsync<ArtifactException>(store.OpenAsync(PortalTest.Digest('a'), default))).Message.ShouldContain("not stored");

    [Fact]
    public async Task Put_StreamFailsHalfway_LeavesNothing()
    {
        (await Should.ThrowAsync<ArtifactException>(() => store.PutAsync(new FailingStream(400_000), default))).Message.ShouldContain("Nothing was kept");

        Files().ShouldBeEmpty();
    }

    [Fact]
    public async Task Put_Cancelled_LeavesNothing()
    {
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();

        await Should.ThrowAsync<OperationCanceledException>(() => store.PutAsync(Bytes(10), cancelled.Token));

        Files().ShouldBeEmpty();
    }

    [Fact]
    public async Task Put_StoredCopyIsDamaged_HealsIt()
    {
        var digest = await store.PutAsync(Bytes(1000), default);
        await File.WriteAllTextAsync(Files()[0], "damaged");

        (await store.PutAsync(Bytes(1000), default)).ShouldBe(digest);

        (await store.ReadAsync(digest, default)).ShouldBe(Bytes(1000));
        Files().Length.ShouldBe(1);
    }

    [Fact]
    public void Open_PartsOfKilledProcesses_AreSweptUnlessFreshOrHeld()
    {
        Directory.CreateDirectory(Path.Combine(root, "tmp"));
        string Part(string name, TimeSpan age)
        {
            var path = Path.Combine(root, "tmp", name);
            File.WriteAllText(path, "part");
            File.SetLastWriteTimeUtc(path, TimeProvider.System.GetUtcNow().UtcDateTime - age);
            return path;
        }
        var (old, fresh, held) = (Part("old", TimeSpan.FromHours(3)), Part("fresh", TimeSpan.FromMinutes(3)), Part("held", TimeSpan.FromHours(3)));
        using var writer = new FileStream(held, FileMode.Open, FileAccess.Write, FileShare.None);

        _ = new FolderArtifactStore(root);

        new[] { old, fresh, held }.Select(File.Exists).ShouldBe([false, true, true]);
    }

    /// <summary>A real full disk: a 1 MB tmpfs; skipped where this machine does not let us mount one.</summary>
    [TmpfsFact]
    public async Task Put_DiskFull_SaysSoAndLeavesNothing()
    {
        Directory.CreateDirectory(root);
        TmpfsFactAttribute.Run("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", root).ShouldBeTrue();
        try
        {
            var store = new FolderArtifactStore(root);
            var kept = await store.PutAsync(Bytes(1000), default);

            var error = await Should.ThrowAsync<ArtifactException>(() => store.PutAsync(Bytes(3_000_000), default));

            error.Message.ShouldContain("free some space");
            Files().Length.ShouldBe(1);
            (await store.ReadAsync(kept, default)).Length.ShouldBe(1000);
        }
        finally
        {
            TmpfsFactAttribute.Run("umount", root).ShouldBeTrue();
        }
    }

    public void Dispose()
    {
        if (Directory.Exists(root))
            Directory.Delete(root, recursive: true);
    }

    private string[] Files() => Directory.GetFiles(root, "*", SearchOption.AllDirectories);

    private static byte[] Bytes(int count)
    {
        var bytes = new byte[count];
        new Random(count).NextBytes(bytes);
        return bytes;
    }

    /// <summary>Gives some bytes, then fails as a lost connection does.</summary>
    private sealed class FailingStream(int after) : MemoryStream(new byte[after])
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var read = await base.ReadAsync(buffer, cancellationToken);
            return read > 0 ? read : throw new IOException("the connection was lost");
        }
    }
}
