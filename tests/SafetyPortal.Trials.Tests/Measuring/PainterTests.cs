using SafetyPortal.Tests;
using SafetyPortal.Trials.Measuring;
using SafetyPortal.Trials.Models;
using SafetyPortal.Trials.Plans;

namespace SafetyPortal.Trials.Tests.Measuring;

public sealed class PainterTests : IDisposable
{
    private readonly DirectoryInfo root = Directory.CreateTempSubdirectory("painter");

    public void Dispose() => root.Delete(recursive: true);

    [Fact]
    public void Paint_TwoBatches_ReadsEveryCaseAndCountsStepsAsPartsOfImages()
    {
        using var model = LoadedModel.Load(TinyModelFolder.Create(root.FullName));
        EvaluationCase[] cases = [.. Enumerable.Range(0, 3).Select(i => new EvaluationCase($"dog-{i}", "a dog", i, CaseGroup.Unrelated, "dog", IsStyle: false))];
        var progress = new List<double>();

        var gallery = new Painter(model, new PaintSettings(Steps: 2, Guidance: 1, BatchSize: 2, PaintSettings.FastScheduler))
            .Paint(cases, keepImages: true, progress.Add, default);

        progress.ShouldBe([1, 2, 2.5, 3]);
        gallery.Readings.Select(r => r.CaseId).ShouldBe(cases.Select(c => c.Id));
        gallery.Features.ToFeatures().Count.ShouldBe(3);
        gallery.Images.Select(image => Convert.ToHexString(image.Pixels)).ShouldBeUnique();
    }
}
