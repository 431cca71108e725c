using SafetyPortal.Lab.DemoWorld.Training;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafetyPortal.Lab.Tests.DemoWorld.Training;

public sealed class TrainingLoopTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("training").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void Run_StoppedAndResumed_EndsWithTheWeightsOfAnUninterruptedRun()
    {
        var whole = Train(Settings("whole", steps: 40));

        // The schedule of a run depends on its length, so the first half runs under the same length and is cancelled.
        using (var cancel = new CancellationTokenSource())
        {
            Should.Throw<OperationCanceledException>(() => Run(Settings("parts", steps: 40), cancel, stopAt: 17));
        }

        var resumed = Train(Settings("parts", steps: 40));

        resumed.ShouldBe(whole);
    }

    [Fact]
    public void Run_OneThreadOrTwo_GivesTheSameWeights() =>
        Train(Settings("two", steps: 12) with { Threads = 2 }).ShouldBe(Train(Settings("one", steps: 12) with { Threads = 1 }));

    [Fact]
    public void Run_LearnableTask_LossFallsAndTheCurveIsWritten()
    {
        var settings = Settings("falls", steps: 200);
        Train(settings);

        var rows = File.ReadAllLines(Path.Combine(folder, "falls.loss.csv")).Skip(1)
            .Select(l => double.Parse(l.Split(',')[1], System.Globalization.CultureInfo.InvariantCulture)).ToArray();
        rows[^1].ShouldBeLessThan(rows[0] * 0.2);
        File.Exists(Path.Combine(folder, "falls.loss.png")).ShouldBeTrue();
    }

    [Fact]
    public void Run_CheckpointOfAnotherSeed_IsRefused()
    {
        Train(Settings("seeded", steps: 2));

        Should.Throw<InvalidOperationException>(() => Train(Settings("seeded", steps: 2) with { Seed = 99 }))
            .Message.ShouldContain("trained from seed 7");
    }

    [Theory]
    [InlineData(0, 2, 1.0, "at least 1 step")]
    [InlineData(-3, 2, 1.0, "at least 1 step")]
    [InlineData(1, 0, 1.0, "at least 1 thread")]
    [InlineData(1, 2, 0.0, "more than nothing")]
    public void Run_NothingToTrain_IsRefusedAndWritesNothing(long steps, int threads, double seconds, string message)
    {
        var settings = Settings("none", steps) with { Threads = threads, TimeBudget = TimeSpan.FromSeconds(seconds) };

        Should.Throw<ArgumentException>(() => Run(settings, null, long.MaxValue)).Message.ShouldContain(message);
        File.Exists(TrainingCheckpoint.PathOf(settings)).ShouldBeFalse();
    }

    [Theory]
    [InlineData(double.NaN, 2, "learning rate above 0, got NaN")]
    [InlineData(double.PositiveInfinity, 2, "learning rate above 0")]
    [InlineData(0.1, 0, "1 to 64 micro-batches, got 0")]
    [InlineData(0.1, 65, "1 to 64 micro-batches, got 65")]
    public void Run_SettingsThatTrainNothing_AreRefused(double rate, int microBatches, string message) => Should
        .Throw<ArgumentException>(() => Run(Settings("none", 1) with { LearningRate = rate, MicroBatches = microBatches }, null, long.MaxValue))
        .Message.ShouldContain(message);

    [Fact]
    public void Save_WeightIsNotFinite_LeavesTheCheckpointBefore()
    {
        var settings = Settings("broken", steps: 1);
        using var optimizer = new FlatAdamW(settings, ones(3));
        TrainingCheckpoint.Save(settings, optimizer, TimeSpan.Zero);
        using var bad = tensor(new[] { 1f, float.NaN, 1f });
        optimizer.Weights.copy_(bad);

        Should.Throw<InvalidOperationException>(() => TrainingCheckpoint.Save(settings, optimizer, TimeSpan.Zero))
            .Message.ShouldContain("not finite after step 0");
        using var average = TrainingCheckpoint.ReadAverage(folder, "broken");
        average.data<float>().ToArray().ShouldBe([1f, 1f, 1f]);
    }

    [Fact]
    public void Update_GradientIsNotFinite_IsRefusedAndNothingChanges()
    {
        using var optimizer = new FlatAdamW(Settings("nan", steps: 1), ones(3));
        using var gradient = tensor(new[] { 1f, float.NaN, 1f });

        Should.Throw<InvalidOperationException>(() => optimizer.Update(gradient, 0.1)).Message.ShouldContain("Expected a finite gradient at step 0, got NaN");
        optimizer.Weights.data<float>().ToArray().ShouldBe([1f, 1f, 1f]);
    }

    [Fact]
    public void Update_TwoSteps_FollowsAdamW()
    {
        // By hand from the paper's algorithm 2 with beta1 0.9, beta2 0.99, decay 0: both steps move by the rate against the sign.
        using var optimizer = new FlatAdamW(Settings("adam", steps: 1) with { WeightDecay = 0 }, tensor(new[] { 1f, -1f }));
        for (var i = 0; i < 2; i++)
        {
            using var gradient = tensor(new[] { 0.5f, -0.25f });
            optimizer.Update(gradient, 0.1);
        }

        var weights = optimizer.Weights.data<float>().ToArray();
        weights[0].ShouldBe(0.8f, 1e-5f);
        weights[1].ShouldBe(-0.8f, 1e-5f);
    }

    [Theory]
    [InlineData(0, 0.0, 0.02)]
    [InlineData(1000, 0.3, 1.0)]
    [InlineData(1000, 0.75, 0.51)]
    [InlineData(1000, 1.0, 0.02)]
    public void RateAt_WarmUpFlatAndCosine_GivesTheShareOfTheRate(long step, double progress, double share)
    {
        var settings = Settings("rate", steps: 1) with { LearningRate = 1, WarmupSteps = 50, FlatShare = 0.5, FinalShare = 0.02 };

        settings.RateAt(step, progress).ShouldBe(share, 1e-9);
    }

    private TrainingSettings Settings(string name, long steps) => new()
    {
        Name = name,
        WorkDirectory = folder,
        Steps = steps,
        LearningRate = 0.02,
        Seed = 7,
        MicroBatches = 3,
        Threads = 2,
        WarmupSteps = 1,
        ProgressEvery = 5,
    };

    private float[] Train(TrainingSettings settings)
    {
        Run(settings, null, long.MaxValue);
        using var average = TrainingCheckpoint.ReadAverage(folder, settings.Name);
        return average.data<float>().ToArray();
    }

    private static void Run(TrainingSettings settings, CancellationTokenSource? cancel, long stopAt) =>
        new TrainingLoop<Sequential>(settings).Run(
            () => nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 1)),
            (model, batch) =>
            {
                if (batch.Step >= stopAt)
                    cancel!.Cancel();
                var x = batch.Noise([32, 4]);
                return (model.call(x) - x.sum(-1, keepdim: true)).pow(2).mean();
            },
            null,
            null,
            cancel?.Token ?? CancellationToken.None);
}
