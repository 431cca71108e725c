using SafetyPortal.Evaluation;
using SafetyPortal.Tests;
using SafetyPortal.Worker.Measuring;
using SafetyPortal.Worker.Models;
using SafetyPortal.Worker.Plans;

namespace SafetyPortal.Worker.Tests.Measuring;

public sealed class CancelledMeasuringTests
{
    private static readonly CancellationToken Cancelled = new(canceled: true);

    [Fact]
    public void FeatureDistances_Cancelled_ComputesNoResample()
    {
        var plan = new EvaluationPlan([.. Enumerable.Range(0, 3).Select(i => new EvaluationCase($"dog-{i}", "a dog", i, CaseGroup.Unrelated, "dog", IsStyle: false))]);
        var features = new Features([0, 1, 1, 0, 1, 1], 2);

        Should.Throw<OperationCanceledException>(() => FeatureDistances.Measure(plan, features, features, uses: null, Cancelled));
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
