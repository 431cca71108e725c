using SafetyPortal.Evaluation.Detection;
using SafetyPortal.Evaluation.Onnx;
using SafetyPortal.Evaluation.Tests.Onnx;
using SafetyPortal.Images;
using SafetyPortal.Tests;

namespace SafetyPortal.Evaluation.Tests.Detection;

/// <summary>
/// A network with the head of YOLOv8 written by hand: the distribution over distances, the grid and the class scores as the exporter writes
/// them, so that the box that must come out can be worked out on paper.
/// </summary>
public sealed class NudityDetectorTests
{
    private const int Side = 64;
    private const int Cells = 8; // stride 8
    private const int Bins = 16;

    // What Ultralytics notes in the published files.
    private const string PublishedNames =
        "{0: 'FEMALE_GENITALIA_COVERED', 1: 'FACE_FEMALE', 2: 'BUTTOCKS_EXPOSED', 3: 'FEMALE_BREAST_EXPOSED', 4: 'FEMALE_GENITALIA_EXPOSED', "
        + "5: 'MALE_BREAST_EXPOSED', 6: 'ANUS_EXPOSED', 7: 'FEET_EXPOSED', 8: 'BELLY_COVERED', 9: 'FEET_COVERED', 10: 'ARMPITS_COVERED', "
        + "11: 'ARMPITS_EXPOSED', 12: 'FACE_MALE', 13: 'BELLY_EXPOSED', 14: 'MALE_GENITALIA_EXPOSED', 15: 'ANUS_COVERED', "
        + "16: 'FEMALE_BREAST_COVERED', 17: 'BUTTOCKS_COVERED'}";

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
        detector.ExposedParts(picture).ShouldBe(["BELLY_EXPOSED"]);
    }

    [Fact]
    public void Detect_WidePicture_IsPaddedBelow()
    {
        using var detector = Detector(label: 12); // FACE_MALE
        var picture = Picture(128, 64, left: 64, top: 32);

        detector.Detect(picture).ShouldHaveSingleItem().Top.ShouldBe(1.5 * 16, 0.05);
        detector.ExposedParts(picture).ShouldBeEmpty();
    }

    [Fact]
    public void Detect_BlackPicture_FindsNothing()
    {
        using var detector = Detector(label: 13);
        detector.Detect(new Raster(64, 64, 3, new byte[64 * 64 * 3])).ShouldBeEmpty();
    }

    // 320n and 640m as published: input "images" with open sizes, output "output0" [1, 22, boxes], trained at 320 and 640.
    [Theory]
    [InlineData(320, 2100)]
    [InlineData(640, 8400)]
    public void Load_PublishedPorts_TakesTheSizeTheExporterNoted(int side, int boxes)
    {
        var model = Scores(0.9f, boxes).Metadata("names", PublishedNames).Metadata("imgsz", $"[{side}, {side}]").Metadata("stride", "32");
        using var detector = Of(model);

        detector.InputSide.ShouldBe(side);
        detector.Detect(Picture(64, 64, 0, 0)).ShouldHaveSingleItem().Label.ShouldBe("BELLY_EXPOSED");
    }

    [Theory]
    [InlineData("open.onnx", 640, true)]
    [InlineData("open.onnx", 320, false)]
    [InlineData("640.onnx", null, true)]
    [InlineData("640.onnx", 640, true)]
    public void Load_SizeOfTheInput_DecidesWhatIsFound(string file, int? side, bool found)
    {
        using var detector = NudityDetector.Load(Case(file), side: side);

        var parts = detector.ExposedParts(ImageCodec.Decode(File.ReadAllBytes(Case("fine.png")), ImageLimits.Default));

        parts.ShouldBe(found ? ["FEMALE_BREAST_EXPOSED"] : []);
    }

    [Fact]
    public void Load_SizeThatTheFileDoesNotTake_NamesExpectedAndGot()
    {
        Refused("open.onnx", null).ShouldContain("to 320 for 320n or 640 for 640m");
        Refused("640.onnx", 320).ShouldContain("expected size 640, which the file fixes, got size 320");
        Refused("open.onnx", 650).ShouldContain("expected a size of 32 to 2048 and a multiple of 32, got 650");
    }

    [Fact]
    public void Load_OtherClasses_NamesThem()
    {
        var message = Should.Throw<OnnxException>(() => Of(Scores(0.9f, 1).Metadata("names", "{0: 'person', 1: 'bicycle'}"))).Message;
        message.ShouldContain("expected the 18 classes of NudeNet");
        message.ShouldContain("the file names 2: person, bicycle");
    }

    [Fact]
    public void Detect_OtherOutput_SaysWhatWasExpected()
    {
        using var detector = Of(new OnnxModelWriter().Input("images", 1, 3, Side, Side).Output("y").Node("Relu", "images -> y"));
        Should.Throw<OnnxException>(() => detector.Detect(Picture(64, 64, 0, 0)))
            .Message.ShouldContain("expected scores [1, 22, boxes] of the 18 NudeNet classes, got [1, 3, 64, 64]");
    }

    [Theory]
    [InlineData(float.NaN, "expected finite numbers")]
    [InlineData(float.PositiveInfinity, "expected finite numbers")]
    [InlineData(7f, "expected scores from 0 to 1, got 7")]
    [InlineData(-0.5f, "expected scores from 0 to 1, got -0.5")]
    public void Detect_ScoresThatAreNone_IsRefused(float score, string expected)
    {
        using var detector = Of(Scores(score, 1), Side);
        Should.Throw<OnnxException>(() => detector.Detect(Picture(64, 64, 0, 0))).Message.ShouldContain(expected);
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

    private static string Case(string file) => GoldenFolder.At("..", "SafetyPortal.Evaluation.Tests", "Detection", "nudenet-open-size", file);

    private static string Refused(string file, int? side) => Should.Throw<OnnxException>(() => NudityDetector.Load(Case(file), side: side)).Message;

    private static NudityDetector Of(OnnxModelWriter model, int? side = null) =>
        NudityDetector.Of(OnnxNetwork.Parse(model.ToBytes()), NudityDetector.DefaultThreshold, side);

    // Every box is the same, and a belly with this score.
    private static OnnxModelWriter Scores(float score, int boxes)
    {
        var rows = new float[22];
        (rows[0], rows[1], rows[2], rows[3], rows[4 + 13]) = (16, 16, 8, 8, score);
        return new OnnxModelWriter().Input("images", 1, 3, null, null).Output("output0")
            .Initializer("rows", [1, 22, 1], rows).Integers("shape", 1, 22, boxes).Initializer("none", [1, 3, 1, 1], 0, 0, 0).Integers("one", 1, 1, 1)
            .Node("Conv", "images, none -> black").Node("GlobalAveragePool", "black -> mean").Node("Reshape", "mean, one -> zero")
            .Node("Expand", "rows, shape -> all").Node("Add", "all, zero -> output0");
    }

    // Red mean of each cell -> class score; every distance distribution is sure of bin 1.
    private static NudityDetector Detector(int label)
    {
        var (boxBias, classes, classBias) = (new float[4 * Bins], new float[18 * 3], new float[18]);
        for (var side = 0; side < 4; side++)
            boxBias[(side * Bins) + 1] = 40;
        classes[label * 3] = 8;
        Array.Fill(classBias, -4);
        var cells = Enumerable.Range(0, Cells * Cells);
        float[] grid = [.. cells.Select(i => (i % Cells) + 0.5f), .. cells.Select(i => (i / Cells) + 0.5f)];
        var model = new OnnxModelWriter().Input("images", 1, 3, Side, Side).Output("output0")
            .Initializer("bw", [4 * Bins, 3, 1, 1], new float[4 * Bins * 3]).Initializer("bb", [4 * Bins], boxBias)
            .Initializer("cw", [18, 3, 1, 1], classes).Initializer("cb", [18], classBias)
            .Integers("flat", 1, -1, Cells * Cells).Integers("parts", 4 * Bins, 18)
            .Integers("dfl", 1, 4, Bins, Cells * Cells).Initializer("dw", [1, Bins, 1, 1], [.. Enumerable.Range(0, Bins).Select(i => (float)i)])
            .Integers("four", 1, 4, Cells * Cells).Initializer("grid", [1, 2, Cells * Cells], grid).Initializer("two", [], 2).Initializer("stride", [], 8)
            .Integers("i0", 0).Integers("i2", 2).Integers("i4", 4).Integers("one", 1)
            .Node("AveragePool", "images -> cells", ("kernel_shape", new long[] { 8, 8 }), ("strides", new long[] { 8, 8 }))
            .Node("Conv", "cells, bw, bb -> b").Node("Conv", "cells, cw, cb -> c").Node("Concat", "b, c -> both", ("axis", 1L))
            .Node("Reshape", "both, flat -> all").Node("Split", "all, parts -> distances, logits", ("axis", 1L))
            .Node("Reshape", "distances, dfl -> d4").Node("Transpose", "d4 -> dt", ("perm", new long[] { 0, 2, 1, 3 }))
            .Node("Softmax", "dt -> ds", ("axis", 1L)).Node("Conv", "ds, dw -> dc").Node("Reshape", "dc, four -> dist")
            .Node("Slice", "dist, i0, i2, one -> lt").Node("Slice", "dist, i2, i4, one -> rb")
            .Node("Sub", "grid, lt -> x1").Node("Add", "grid, rb -> x2").Node("Add", "x1, x2 -> sum").Node("Div", "sum, two -> centre")
            .Node("Sub", "x2, x1 -> size")
            .Node("Concat", "centre, size -> cells4", ("axis", 1L)).Node("Mul", "cells4, stride -> pixels").Node("Sigmoid", "logits -> scores")
            .Node("Concat", "pixels, scores -> output0", ("axis", 1L));
        return Of(model);
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
