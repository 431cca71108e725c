using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using SafetyPortal.Requests.Audit;
using SafetyPortal.Requests.Evidence;

namespace SafetyPortal.Requests.Tests.Evidence;

public class EvidenceDocumentTests
{
    internal static readonly MetricsSummary Metrics = new(
        new(new(1, 0.1, 50, new(0.93, 1), new(0.04, 0.21))), new(0.95, 0.8, 300), new(new(0.98, 50)), new(0.31, 0.30, 100), new(12.5, 100, "demo-clip"));

    private static readonly EvidenceDocument Document = new()
    {
        Request = new(12, "demo", ConceptKind.Object, "church", ["a picture of a church"], [""], AblationScope.Tensor, [0.01, 0.05], 7, "default"),
        BaseDigest = PortalTest.Digest('a'),
        PatchDigest = PortalTest.Digest('b'),
        ResultDigest = PortalTest.Digest('c'),
        ChosenDose = 0.05,
        AblatedWeights = 46_694,
        Metrics = Metrics,
        DoseCurve = [new(0.01, 9_338, Metrics, false), new(0.05, 46_694, Metrics, true)],
        Policy = "1:" + PortalTest.Digest('d'),
        Gates = GateRule.Judge(PolicyDocument.Default, Metrics),
        Gallery = EvidenceGallery.From([Entry(1), Entry(2), Entry(3)]),
        Environment = new("1.0", "2.10.0", "cpu", 2, "float32"),
    };

    [Fact]
    public void FromBytes_OfToBytes_HasTheSameDigestAndVerifies()
    {
        var read = EvidenceDocument.FromBytes(Document.ToBytes());

        read.Digest().ShouldBe(Document.Digest());
        read.Verify(Document.Digest()).ShouldBeEmpty();
        read.ToBytes().ShouldBe(Document.ToBytes());
    }

    public static readonly TheoryData<EvidenceDocument> Changed =
    [
        Document with { Request = Document.Request with { Seed = 8 } },
        Document with { BaseDigest = PortalTest.Digest('0') },
        Document with { PatchDigest = PortalTest.Digest('0') },
        Document with { ResultDigest = PortalTest.Digest('0') },
        Document with { ChosenDose = 0.01 },
        Document with { Metrics = Metrics with { Retention = Metrics.Retention with { Mean = 0.951 } } },
        Document with { Policy = "2:x" },
        Document with { Gates = [] },
        Document with { Gallery = EvidenceGallery.From([Entry(1), Entry(3), Entry(2)]) },
        Document with { Environment = Document.Environment with { Threads = 1 } },
    ];

    [Theory]
    [MemberData(nameof(Changed))]
    public void Digest_AnyPartChanged_Differs(EvidenceDocument changed) => changed.Digest().ShouldNotBe(Document.Digest());

    [Fact]
    public void Digest_EntriesRemoved_StaysAndVerifyNamesTheGallery()
    {
        var emptied = Document with { Gallery = Document.Gallery with { Entries = [] } };

        emptied.Digest().ShouldBe(Document.Digest());
        emptied.Verify(Document.Digest()).ShouldHaveSingleItem().ShouldContain("gallery root");
    }

    [Fact]
    public void Verify_OtherDigest_SaysWhatWasExpectedAndComputed() =>
        Document.Verify(PortalTest.Digest('0')).ShouldHaveSingleItem().ShouldContain(Document.Digest());

    [Theory]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("not json")]
    public void FromBytes_NoEvidence_Throws(string text) => Should.Throw<JsonException>(() => EvidenceDocument.FromBytes(Encoding.UTF8.GetBytes(text)));

    [Fact]
    public void FromBytes_OtherSchema_NamesBoth()
    {
        var bytes = Encoding.UTF8.GetBytes(CanonicalJson.Serialize(Document with { Schema = "safetyportal.evidence/9" }));

        Should.Throw<JsonException>(() => EvidenceDocument.FromBytes(bytes)).Message.ShouldContain("safetyportal.evidence/1");
    }

    // RFC 6962 section 2.1, worked out by hand for 0, 1 and 3 leaves.
    [Fact]
    public void MerkleRoot_SmallTrees_FollowTheRfc()
    {
        byte[] a = [1], b = [2], c = [3];
        static byte[] Leaf(byte[] x) => SHA256.HashData([0, .. x]);
        static byte[] Node(byte[] x, byte[] y) => SHA256.HashData([1, .. x, .. y]);

        Convert.ToHexStringLower(MerkleTree.Root([])).ShouldBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        MerkleTree.Root([a]).ShouldBe(Leaf(a));
        MerkleTree.Root([a, b, c]).ShouldBe(Node(Node(Leaf(a), Leaf(b)), Leaf(c)));
    }

    private static GalleryEntry Entry(int n) =>
        new("target", "a picture of a church", n, PortalTest.Digest('1'), PortalTest.Digest('2'), Sensitive: false, "church", "house");
}
