using SafetyPortal.Tests;
using SafetyPortal.Trials.Measuring;
using SafetyPortal.Trials.Models;
using SafetyPortal.Trials.Plans;
using static TorchSharp.torch;

namespace SafetyPortal.Trials.Tests.Measuring;

public sealed class CancelledMeasuringTests
{
    private static readonly CancellationToken Cancelled = new(canceled: true);

    [Fact]
    public void FeatureDistances_Cancelled_ComputesNoResample()
    {
        var cases = Enumerable.Range(0, 3).Select(i => new EvaluationCase($"dog-{i}", "a dog", i, CaseGroup.Unrelated, "dog", IsStyle: false));
        var metrics = new MetricsSummary(new(new(1, 0, 3)), new(1, 1, 3), Placebo: null, ClipScore: null, Fid: null);
        using var values = tensor(new float[] { 0, 1, 1, 0, 1, 1 }, [3, 2]);
        var rows = new FeatureRows();
        rows.Add(values);

        Should.Throw<OperationCanceledException>(() => FeatureDistances.AddTo(metrics, new([.. cases]), rows, rows, uses: null, Cancelled));
    }

    [Fact]
    public void Load_Cancelled_ReadsNothing()
    {
        var root = Directory.CreateTempSubdirectory("cancelled");
        var folder = TinyModelFolder.Create(root.FullName);

        Should.Throw<OperationCanceledException>(() => LoadedModel.Load(folder, cancellation: Cancelled));
        root.Delete(recursive: true);
    }
}
