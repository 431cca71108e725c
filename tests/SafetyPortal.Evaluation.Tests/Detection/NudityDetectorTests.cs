using SafetyPortal.Evaluation.Onnx;
using SafetyPortal.Images;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Evaluation.Detection;

/// <summary>
/// A network with the head of YOLOv8 written by hand: the distribution over distances, the grid and the class scores as the exporter writes
/// them, so that the box that must come out can be worked out on paper.
/// </summary>
public sealed class NudityDetectorTests : IDisposable
{
    private const int Side = 64;
    private const int Cells = 8; // stride 8
    private const int Bins = 16;

    private readonly DisposeScope scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    [Fact]
    public void Labels_Exposed_AreTheNineOfThePublishedScripts()
    {
        NudityDetector.Labels.Count.ShouldBe(18);
        NudityDetector.Exposed.Order(StringComparer.Ordinal).ShouldBe(
        [
            "ANUS_EXPOSED", "ARMPITS_EXPOSED", "BELLY_EXPOSED", "BUTTOCKS_EXPOSED", "FEET_EXPOSED", "FEMALE_BREAST_EXPOSED", "FEMALE_GENITALIA_EXPOSED",
            "MALE_BREAST_EXPOSED", "MALE_GENITALIA_EXPOSED",
        ]);
    }

    [Fact]
    public void Detect_BrightCell_GivesItsBoxInPixelsOfThePicture()
    {
        using var detector = Detector(label: 13); // BELLY_EXPOSED
        // Twice the network's size: cell (row 2, column 4) covers pixels 64..80 by 32..48.
        var picture = Picture(128, 128, left: 64, top: 32);

        var box = detector.Detect(picture).ShouldHaveSingleItem();

        box.Label.ShouldBe("BELLY_EXPOSED");
        // Red 1 in the cell gives a logit of 8 - 4.
        box.Score.ShouldBe(1 / (1 + Math.Exp(-4)), 1e-4);
        // Every distance is 1 cell (bin 1): two cells wide around the cell's centre (4.5, 2.5), 8 pixels a cell, doubled.
        box.Left.ShouldBe(3.5 * 16, 0.05);
        box.Top.ShouldBe(1.5 * 16, 0.05);
        box.Width.ShouldBe(32, 0.05);
        box.Height.ShouldBe(32, 0.05);
        detector.IsNude(picture).ShouldBeTrue();
        detector.ExposedParts(picture).ShouldBe(["BELLY_EXPOSED"]);
    }

    [Fact]
    public void Detect_WidePicture_IsPaddedBelow()
    {
        using var detector = Detector(label: 12); // FACE_MALE
        var picture = Picture(128, 64, left: 64, top: 32);

        detector.Detect(picture).ShouldHaveSingleItem().Top.ShouldBe(1.5 * 16, 0.05);
        detector.IsNude(picture).ShouldBeFalse();
    }

    [Fact]
    public void Detect_BlackPicture_FindsNothing()
    {
        using var detector = Detector(label: 13);
        detector.Detect(new Raster(64, 64, 3, new byte[64 * 64 * 3])).ShouldBeEmpty();
    }

    [Fact]
    public void Load_OtherInput_SaysWhatWasExpected()
    {
        using var text = OnnxSession.Parse(new OnnxModelWriter().Input("ids", 1, 77).Output("y").Node("Relu", "ids -> y").ToBytes());
        Should.Throw<OnnxException>(() => NudityDetector.Of(text, 0.6, "file")).Message.ShouldContain("it takes ids [1, 77]");
    }

    [Fact]
    public void Detect_OtherClasses_SaysWhatWasExpected()
    {
        using var detector = NudityDetector.Of(OnnxSession.Parse(new OnnxModelWriter().Input("images", 1, 3, Side, Side).Output("y").Node("Relu", "images -> y").ToBytes()), 0.6, "file");
        Should.Throw<OnnxException>(() => detector.Detect(Picture(64, 64, 0, 0))).Message.ShouldContain("expected scores [1, 22, boxes]");
    }

    [Fact]
    public void Select_OverlappingBoxesOfTwoClasses_KeepsTheBest()
    {
        NudityBox[] boxes = [new("A", 0.7, 0, 0, 10, 10), new("B", 0.9, 1, 0, 10, 10), new("A", 0.8, 8, 0, 10, 10), new("A", 0.5, 50, 50, 10, 10)];
        BoxSelection.Select(boxes, 0.6, 0.45).Select(b => b.Score).ShouldBe([0.9, 0.8]);
    }

    [Fact]
    public void Select_MoreBoxesThanAnyPictureShows_KeepsTheBest()
    {
        var boxes = Enumerable.Range(0, BoxSelection.MostKept + 5).Select(i => new NudityBox("FACE_FEMALE", 0.9 - (i * 1e-5), i * 10, 0, 5, 5)).Reverse();

        var kept = BoxSelection.Select(boxes, 0.6, 0.45);

        kept.Count.ShouldBe(BoxSelection.MostKept);
        kept[^1].Score.ShouldBe(0.9 - ((BoxSelection.MostKept - 1) * 1e-5), 1e-12);
    }

    // Red mean of each cell -> class score; every distance distribution is sure of bin 1.
    private static NudityDetector Detector(int label)
    {
        var boxes = zeros(4 * Bins, 3, 1, 1);
        var boxBias = zeros(4 * Bins);
        for (var side = 0; side < 4; side++)
            boxBias.narrow(0, (side * Bins) + 1, 1).fill_(40);
        var classes = zeros(18, 3, 1, 1);
        classes[label, 0, 0, 0] = tensor(8f);
        var classBias = full([18], -4f, dtype: ScalarType.Float32);
        var cells = arange(Cells, dtype: ScalarType.Float32).add(0.5);
        var columns = cells.reshape(1, Cells).expand(Cells, Cells).reshape(1, 1, Cells * Cells);
        var rows = cells.reshape(Cells, 1).expand(Cells, Cells).reshape(1, 1, Cells * Cells);
        var model = new OnnxModelWriter().Input("images", 1, 3, Side, Side).Output("output0")
            .Initializer("bw", boxes).Initializer("bb", boxBias).Initializer("cw", classes).Initializer("cb", classBias)
            .Initializer("flat", tensor(new long[] { 1, -1, Cells * Cells })).Initializer("parts", tensor(new long[] { 4 * Bins, 18 }))
            .Initializer("dfl", tensor(new long[] { 1, 4, Bins, Cells * Cells })).Initializer("dw", arange(Bins, dtype: ScalarType.Float32).reshape(1, Bins, 1, 1))
            .Initializer("four", tensor(new long[] { 1, 4, Cells * Cells })).Initializer("grid", cat([columns, rows], 1)).Initializer("two", tensor(2f)).Initializer("stride", tensor(8f))
            .Initializer("i0", tensor(new long[] { 0 })).Initializer("i2", tensor(new long[] { 2 })).Initializer("i4", tensor(new long[] { 4 })).Initializer("one", tensor(new long[] { 1 }))
            .Node("AveragePool", "images -> cells", ("kernel_shape", new long[] { 8, 8 }), ("strides", new long[] { 8, 8 }))
            .Node("Conv", "cells, bw, bb -> b").Node("Conv", "cells, cw, cb -> c").Node("Concat", "b, c -> both", ("axis", 1L))
            .Node("Reshape", "both, flat -> all").Node("Split", "all, parts -> distances, logits", ("axis", 1L))
            .Node("Reshape", "distances, dfl -> d4").Node("Transpose", "d4 -> dt", ("perm", new long[] { 0, 2, 1, 3 })).Node("Softmax", "dt -> ds", ("axis", 1L))
            .Node("Conv", "ds, dw -> dc").Node("Reshape", "dc, four -> dist")
            .Node("Slice", "dist, i0, i2, one -> lt").Node("Slice", "dist, i2, i4, one -> rb")
            .Node("Sub", "grid, lt -> x1").Node("Add", "grid, rb -> x2").Node("Add", "x1, x2 -> sum").Node("Div", "sum, two -> centre").Node("Sub", "x2, x1 -> size")
            .Node("Concat", "centre, size -> cells4", ("axis", 1L)).Node("Mul", "cells4, stride -> pixels").Node("Sigmoid", "logits -> scores")
            .Node("Concat", "pixels, scores -> output0", ("axis", 1L));
        return NudityDetector.Of(OnnxSession.Parse(model.ToBytes()), NudityDetector.DefaultThreshold, "test");
    }

    // Black with one red square of 16 pixels.
    private static Raster Picture(int width, int height, int left, int top)
    {
        var pixels = new byte[width * height * 3];
        for (var y = top; y < Math.Min(top + 16, height); y++)
        {
            for (var x = left; x < Math.Min(left + 16, width); x++)
                pixels[((y * width) + x) * 3] = 255;
        }

        return new(width, height, 3, pixels);
    }
}
