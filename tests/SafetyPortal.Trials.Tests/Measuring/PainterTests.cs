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
        EvaluationCase Case(int i) => new($"dog-{i}", "a dog", i, CaseGroup.Unrelated, "dog", IsStyle: false);
        EvaluationCase[] cases = [Case(0), Case(1), Case(2)];
        var progress = new List<double>();

        var gallery = new Painter(model, new PaintSettings(Steps: 2, Guidance: 1, BatchSize: 2, PaintSettings.FastScheduler))
            .Paint(cases, keepImages: true, progress.Add, default);

        progress.ShouldBe([1, 2, 2.5, 3]);
        gallery.Readings.Select(r => r.CaseId).ShouldBe(cases.Select(c => c.Id));
        gallery.Features.ToFeatures().Count.ShouldBe(3);
        gallery.Images.Select(image => Convert.ToHexString(image.Pixels)).ShouldBeUnique();
    }

    [Fact]
    public void Images_CasesWithTheirOwnGuidance_UseIt()
    {
        using var model = LoadedModel.Load(TinyModelFolder.Create(root.FullName));
        var settings = new PaintSettings(Steps: 2, Guidance: 5, BatchSize: 3);
        EvaluationCase Case(string prompt, double? guidance) => new(prompt, prompt, 7, CaseGroup.Target, prompt, IsStyle: false, guidance);
        byte[] Alone(string prompt, double guidance) =>
            new Painter(model, settings with { Guidance = guidance }).Images([Case(prompt, null)], progress: null, default)[0].Pixels;
        var progress = new List<double>();

        var images = new Painter(model, settings).Images([Case("a dog", 1), Case("a church", null), Case("a cat", 240)], progress.Add, default);

        images.Select(image => image.Pixels).ShouldBe([Alone("a dog", 1), Alone("a church", 5), Alone("a cat", 240)]);
        progress[^1].ShouldBe(3);
        Alone("a dog", 1).ShouldNotBe(Alone("a dog", 5));
    }
}
