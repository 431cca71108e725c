using TorchSharp.Modules;
using TorchSharp.Tests.nn;
using static TorchSharp.Tests.nn.Waves;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace TorchSharp.Tests.optim;

/// <summary>Three steps on mean((x W^T + b - t)^2); the numbers are those of torch.optim in PyTorch 1.13.1.</summary>
public class OptimizerTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void AdamW_ThreeSteps_AgreesWithPyTorch(bool amsgrad)
    {
        using var problem = new Problem(parameters => torch.optim.AdamW(parameters, lr: 0.01, weight_decay: 0.1, amsgrad: amsgrad));

        problem.Run(3);

        problem.Weight.ShouldStartWith([-0.029941f, 0.330584f, 0.642316f, 0.863055f, 0.962937f, 0.928434f], 3.75727, 2, 3);
        problem.Bias.ShouldStartWith([0.02995f, 0.75109f], 0.78104, 2);
    }

    [Fact]
    public void AdamW_DoublePrecision_AgreesWithFusedSinglePrecision()
    {
        // Other types than float32 take the path of separate tensor operations.
        using var scope = NewDisposeScope();
        var single = new Parameter(Wave(40_000));
        var twice = new Parameter(Wave(40_000).to(ScalarType.Float64));
        using var optimizer = torch.optim.AdamW([single, twice], lr: 0.01, weight_decay: 0.1);
        for (var i = 0; i < 5; i++)
        {
            single.grad = Wave(0.5 + i, 40_000);
            twice.grad = Wave(0.5 + i, 40_000).to(ScalarType.Float64);
            optimizer.step();
        }

        (single.to(ScalarType.Float64) - twice).abs().max().item<double>().ShouldBeLessThan(1e-6);
    }

    [Fact]
    public void AdamW_GradientOfTransposedLayout_IsReadByElement()
    {
        using var scope = NewDisposeScope();
        var (rows, columns) = (new Parameter(zeros(2, 3)), new Parameter(zeros(2, 3)));
        using var optimizer = torch.optim.AdamW([rows, columns], lr: 0.01);
        rows.grad = Wave(3, 2).t();
        columns.grad = Wave(3, 2).t().contiguous();

        optimizer.step();

        rows.equal(columns).all().item<bool>().ShouldBeTrue();
    }

    [Fact]
    public void Adam_ThreeSteps_AgreesWithPyTorch()
    {
        using var problem = new Problem(parameters => torch.optim.Adam(parameters, lr: 0.01, weight_decay: 0.1));

        problem.Run(3);

        problem.Weight.ShouldStartWith([-0.029969f, 0.331637f, 0.644305f, 0.865709f, 0.96589f, 0.931284f], 3.7688, 2, 3);
        problem.Bias.ShouldStartWith([0.029978f, 0.75338f], 0.78336, 2);
    }

    [Fact]
    public void Sgd_MomentumAndNesterov_AgreeWithPyTorch()
    {
        using var plain = new Problem(parameters => torch.optim.SGD(parameters, 0.1, momentum: 0.9, weight_decay: 0.1));
        using var nesterov = new Problem(parameters => torch.optim.SGD(parameters, 0.1, momentum: 0.9, nesterov: true));

        plain.Run(3);
        nesterov.Run(3);

        plain.Weight.ShouldStartWith([-0.222788f, -0.005445f, 0.250623f, 0.22484f, 0.180118f, 0.194271f], 1.07809, 2, 3);
        plain.Bias.ShouldStartWith([0.259232f, 0.65219f], 0.91142, 2);
        nesterov.Weight.ShouldStartWith([-0.277681f, -0.085211f, 0.167715f, 0.099083f, 0.016211f, 0.038409f], 0.68431, 2, 3);
        nesterov.Bias.ShouldStartWith([0.344057f, 0.667188f], 1.01124, 2);
    }

    [Fact]
    public void AdamW_SavedAndLoaded_ContinuesExactly()
    {
        AdamW Make(IEnumerable<Parameter> parameters) => torch.optim.AdamW(parameters, lr: 0.01, weight_decay: 0.1);
        using var whole = new Problem(Make);
        using var first = new Problem(Make);
        using var second = new Problem(Make);
        whole.Run(5);
        first.Run(2);
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        ((OptimizerHelper)first.Optimizer).save_state_dict(writer);

        stream.Position = 0;
        using var reader = new BinaryReader(stream);
        second.CopyParametersOf(first);
        ((OptimizerHelper)second.Optimizer).load_state_dict(reader);
        second.Run(3);

        second.Weight.equal(whole.Weight).all().item<bool>().ShouldBeTrue();
        second.Bias.equal(whole.Bias).all().item<bool>().ShouldBeTrue();
    }

    [Fact]
    public void StateDict_LiveStates_CanBeCopiedByHand()
    {
        using var first = new Problem(parameters => torch.optim.AdamW(parameters, lr: 0.01));
        using var second = new Problem(parameters => torch.optim.AdamW(parameters, lr: 0.5));
        first.Run(2);

        ((AdamW)second.Optimizer).load_state_dict(((AdamW)first.Optimizer).state_dict());

        second.Optimizer.ParamGroups.Single().LearningRate.ShouldBe(0.01);
        var (one, other) = (((AdamW)first.Optimizer).state_dict(), ((AdamW)second.Optimizer).state_dict());
        one.State.Count.ShouldBe(2);
        ((AdamW.State)other.State[0]).step.ShouldBe(2);
        one.State.Zip(other.State).ShouldAllBe(pair => pair.First.ApproximatelyEquals(pair.Second));
    }

    [Fact]
    public void LoadStateDict_OtherOptimizer_IsRefused()
    {
        using var adam = new Problem(parameters => torch.optim.Adam(parameters));
        using var sgd = new Problem(parameters => torch.optim.SGD(parameters, 0.1));
        using var stream = new MemoryStream();
        ((OptimizerHelper)adam.Optimizer).save_state_dict(new BinaryWriter(stream));
        stream.Position = 0;

        Should.Throw<InvalidDataException>(() => ((OptimizerHelper)sgd.Optimizer).load_state_dict(new BinaryReader(stream)))
            .Message.ShouldBe("Expected the state of SGD, got that of Adam.");
    }

    [Fact]
    public void ParamGroups_OwnRates_AreUsedAndDefaultsFillTheRest()
    {
        using var scope = NewDisposeScope();
        var (slow, fast) = (new Parameter(ones(1)), new Parameter(ones(1)));
        using var optimizer = torch.optim.SGD(
            [new SGD.ParamGroup([slow], new SGD.Options()), new SGD.ParamGroup([fast], new SGD.Options { LearningRate = 0.5 })], 0.1);
        (slow.sum() + fast.sum()).backward();

        optimizer.step();

        slow.item<float>().ShouldBe(0.9f, 1e-6f);
        fast.item<float>().ShouldBe(0.5f, 1e-6f);
    }

    [Fact]
    public void Step_WithClosure_ReturnsItsLoss()
    {
        using var scope = NewDisposeScope();
        var weight = new Parameter(ones(1));
        using var optimizer = torch.optim.SGD([weight], 0.25);

        var loss = optimizer.step(() =>
        {
            var value = weight.pow(2).sum();
            value.backward();
            return value;
        });

        loss!.item<float>().ShouldBe(1f);
        weight.item<float>().ShouldBe(0.5f);
    }

    [Fact]
    public void TrainingLoop_TwentySteps_LeavesNoTensorBehind()
    {
        using var problem = new Problem(parameters => torch.optim.AdamW(parameters, lr: 0.01, weight_decay: 0.1));
        problem.Run(2);
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;

        problem.Run(20);

        problem.Optimizer.zero_grad();
        DisposeScopeManager.Statistics.ThreadTotalLiveCount.ShouldBe(before);
    }

    [Fact]
    public void ClipGradNorm_FiveAndTwelve_ScalesTheirNormThirteenToOne()
    {
        using var scope = NewDisposeScope();
        var (first, second) = (new Parameter(zeros(3)), new Parameter(zeros(2)));
        first.grad = tensor(new[] { 3f, 4f, 0f });
        second.grad = tensor(new[] { 0f, 12f });

        utils.clip_grad_norm_([first, second], 1).ShouldBe(13, 1e-5);

        first.grad!.ShouldStartWith([3f / 13, 4f / 13, 0f], 7.0 / 13, 3);
        second.grad!.ShouldStartWith([0f, 12f / 13], 12.0 / 13, 2);
        utils.clip_grad_norm_([first, second], 5).ShouldBe(1, 1e-5);
        first.grad!.ShouldStartWith([3f / 13, 4f / 13, 0f], 7.0 / 13, 3);
    }

    [Fact]
    public void Schedulers_FiveSteps_AgreeWithPyTorch()
    {
        Rates(optimizer => torch.optim.lr_scheduler.LambdaLR(optimizer, step => Math.Min(1, (step + 1) / 4.0)))
            .ShouldBe([0.025, 0.05, 0.075, 0.1, 0.1], 1e-12);
        Rates(optimizer => torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 4, 0.01))
            .ShouldBe([0.1, 0.08681980515339464, 0.055, 0.0231801948466054, 0.01], 1e-12);
        Rates(optimizer => torch.optim.lr_scheduler.StepLR(optimizer, 2))
            .ShouldBe([0.1, 0.1, 0.01, 0.01, 0.001], 1e-12);
    }

    [Fact]
    public void AdamW_NegativeRate_IsRefused()
    {
        using var weight = new Parameter(zeros(1));

        Should.Throw<ArgumentOutOfRangeException>(() => torch.optim.AdamW([weight], lr: -1)).Message.ShouldContain("learning rate of at least 0");
        Should.Throw<ArgumentException>(() => torch.optim.AdamW([weight, weight])).Message.ShouldContain("twice");
    }

    private static List<double> Rates(Func<torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler> make)
    {
        using var weight = new Parameter(zeros(1));
        using var optimizer = torch.optim.SGD([weight], 0.1);
        var scheduler = make(optimizer);
        var rates = new List<double>();
        for (var i = 0; i < 5; i++)
        {
            rates.AddRange(scheduler.get_last_lr());
            scheduler.step();
        }

        return rates;
    }

    private sealed class Problem : IDisposable
    {
        private readonly Tensor input = Wave(0.5, 4, 3);
        private readonly Tensor target = Wave(0.2, 4, 2);

        public Problem(Func<IEnumerable<Parameter>, torch.optim.Optimizer> make) => Optimizer = make([Weight, Bias]);

        public Parameter Weight { get; } = new(Wave(2, 3));

        public Parameter Bias { get; } = new(Wave(0.9, 2));

        public torch.optim.Optimizer Optimizer { get; }

        public void Run(int steps)
        {
            for (var i = 0; i < steps; i++)
            {
                using var scope = NewDisposeScope();
                Optimizer.zero_grad();
                functional.mse_loss(functional.linear(input, Weight, Bias), target).backward();
                Optimizer.step();
            }
        }

        public void CopyParametersOf(Problem other)
        {
            using var inference = no_grad();
            Weight.copy_(other.Weight);
            Bias.copy_(other.Bias);
        }

        public void Dispose()
        {
            Optimizer.Dispose();
            foreach (var tensor in new[] { input, target, Weight, Bias })
                tensor.Dispose();
        }
    }
}
