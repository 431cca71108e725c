using SafetyPortal.Diffusion.Safetensors;
using SafetyPortal.Erasure.Ablation;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Erasure.Tests.Ablation;

[Collection(nameof(Goldens))]
public sealed class AblationPatchTests(Goldens goldens) : IDisposable
{
    private const string Ff = "down_blocks.0.attentions.0.transformer_blocks.0.ff.net.2.weight";
    private const string OtherFf = "mid_block.attentions.0.transformer_blocks.0.ff.net.2.weight";
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory();

    private AblationMask Mask(params long[] indices) => new(
        [new TensorMask(Ff, [16, 64], indices), new TensorMask(OtherFf, [40, 160], [0, 6399])]);

    private string PathOf(string name) => Path.Combine(folder.FullName, name);

    public void Dispose() => folder.Delete(recursive: true);

    [Theory]
    [InlineData(AblationFill.Zero)]
    [InlineData(AblationFill.Noise)]
    public void Apply_SavedAndLoaded_ChangesThoseWeightsAloneAndRestoresExactly(AblationFill fill)
    {
        var unet = goldens.Pipeline.Unet;
        var before = WeightsDigest.Of(unet);
        var live = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        var notes = new Dictionary<string, string>(StringComparer.Ordinal) { ["concept"] = "object:parachute" };
        PatchBuilder.FromMask(unet, Mask(1, 5, 1023), new AblationSettings(0.01, Fill: fill, NoiseSeed: 7), notes).Save(PathOf("p"));
        WeightsDigest.Of(unet).ShouldBe(before);

        var patch = AblationPatch.Load(PathOf("p"));
        patch.BaseDigest.ShouldBe(before);
        patch.Count.ShouldBe(5);
        patch.Notes.ShouldBe(notes);
        using (AppliedPatch.Apply(unet, patch))
        {
            WeightsDigest.Of(unet).ShouldBe(patch.ResultDigest);
            using var scope = NewDisposeScope();
            var values = unet.get_parameter(Ff)!.detach().flatten().index_select(0, tensor(new long[] { 1, 5, 1023 })).data<float>().ToArray();
            values.ShouldAllBe(v => fill == AblationFill.Zero ? v == 0 : v != 0 && Math.Abs(v) < 0.06);
        }

        WeightsDigest.Of(unet).ShouldBe(before);
        DisposeScopeManager.Statistics.ThreadTotalLiveCount.ShouldBe(live);
    }

    [Fact]
    public void Apply_ToOtherWeights_ThrowsAndLeavesThemAlone()
    {
        var unet = goldens.Pipeline.Unet;
        var first = PatchBuilder.FromMask(unet, Mask(1), new AblationSettings(0.01));
        using var applied = AppliedPatch.Apply(unet, first);
        var digest = WeightsDigest.Of(unet);

        Should.Throw<PatchMismatchException>(() => AppliedPatch.Apply(unet, first)).Message.ShouldContain(digest);
        WeightsDigest.Of(unet).ShouldBe(digest);
    }

    [Fact]
    public void Apply_ForgedResultDigest_ThrowsAndRestores()
    {
        var unet = goldens.Pipeline.Unet;
        var honest = PatchBuilder.FromMask(unet, Mask(1), new AblationSettings(0.01));
        var forged = new AblationPatch(honest.Tensors, honest.BaseDigest, new string('0', 64), honest.Notes);

        Should.Throw<PatchMismatchException>(() => AppliedPatch.Apply(unet, forged)).Message.ShouldContain("restored");
        WeightsDigest.Of(unet).ShouldBe(honest.BaseDigest);
    }

    [Fact]
    public void Apply_Stacked_VerifiesEachAndRestoresInReverse()
    {
        var unet = goldens.Pipeline.Unet;
        var before = WeightsDigest.Of(unet);
        var first = PatchBuilder.FromMask(unet, Mask(1, 5), new AblationSettings(0.01));
        using (AppliedPatch.Apply(unet, first))
        {
            var second = PatchBuilder.FromMask(unet, Mask(5, 9), new AblationSettings(0.01));
            second.BaseDigest.ShouldBe(first.ResultDigest);
            using (AppliedPatch.Apply(unet, second))
                WeightsDigest.Of(unet).ShouldBe(second.ResultDigest);
            WeightsDigest.Of(unet).ShouldBe(first.ResultDigest);
        }

        WeightsDigest.Of(unet).ShouldBe(before);
    }

    [Fact]
    public void Overlap_MasksThatShareThreeOfFive_CountsThem() => Mask(1, 5).Overlap(Mask(5, 9)).ShouldBe((3L, 0.6)); // index 5 and both of the other tensor

    [Fact]
    public void Load_IndicesOutOfRange_SaysWhichAndWhatWasExpected()
    {
        Save("bad", new PatchTensor(new TensorMask(Ff, [16, 64], [3, 1024]), null));

        Refused("bad").ShouldContain("below 1024");
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.NegativeInfinity)]
    public void Load_FillThatIsNotFinite_IsRefused(float value)
    {
        Save("bad", new PatchTensor(Mask(3, 5).Tensors[0], [1, value]));

        Refused("bad").ShouldContain($"Expected finite fill values for {Ff}");
    }

    [Theory]
    [InlineData("shapes", "[{", "[{\"Key\":\"" + Ff + "\",\"Value\":[16,64]},{", Ff + " occurs several times")]
    [InlineData("notes", "{", "{\"concept\":\"a\",\"concept\":\"b\",", "Expected JSON in \"notes\"")]
    [InlineData("format", "safety", "other", "Expected")]
    public void Load_ChangedMetadata_IsRefused(string key, string from, string to, string message)
    {
        Save("honest", new PatchTensor(Mask(3, 5).Tensors[0], null));
        using (var file = SafetensorsFile.Open(PathOf("honest")))
        {
            using var scope = NewDisposeScope();
            var metadata = file.Metadata.ToDictionary(StringComparer.Ordinal);
            metadata[key] = metadata[key].Replace(from, to, StringComparison.Ordinal);
            SafetensorsWriter.Write(PathOf("changed"), [.. file.Entries.Keys.Select(name => (name, file.Read(name)))], metadata);
        }

        Refused("changed").ShouldContain(message);
    }

    [Fact]
    public void Dispose_PositionWrittenTwice_RestoresWhatWasThereFirst()
    {
        var unet = goldens.Pipeline.Unet;
        var before = WeightsDigest.Of(unet);
        using (var changes = new WeightChanges())
        {
            changes.Write(unet.get_parameter(Ff)!, [3], [7]);
            changes.Write(unet.get_parameter(Ff)!, [3, 4], [8, 9]);
            WeightsDigest.Of(unet).ShouldNotBe(before);
        }

        WeightsDigest.Of(unet).ShouldBe(before);
    }

    [Fact]
    public void FromMask_UnknownWeight_NamesIt()
    {
        var mask = new AblationMask([new TensorMask("nowhere.ff.weight", [2, 2], [1])]);

        Should.Throw<PatchMismatchException>(() => PatchBuilder.FromMask(goldens.Pipeline.Unet, mask, new AblationSettings(0.1)))
            .Message.ShouldContain("nowhere.ff.weight");
    }

    private void Save(string name, PatchTensor changed) => new AblationPatch(
        [changed], WeightsDigest.Of(goldens.Pipeline.Unet), "x", new Dictionary<string, string>(StringComparer.Ordinal) { ["by"] = "test" }).Save(PathOf(name));

    private string Refused(string name) => Should.Throw<InvalidDataException>(() => AblationPatch.Load(PathOf(name))).Message;
}
