using static TorchSharp.torch;

namespace TorchSharp.Tests;

public class RandomTests
{
    /// <summary>The numbers are those of Python's torch 1.13: torch.randn(3, generator=torch.Generator().manual_seed(0)).</summary>
    [Fact]
    public void Randn_SeedZero_GivesTheReferenceNumbers()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(0);
        randn(3, generator: generator).data<float>().ToArray().ShouldBe([1.5409961f, -0.2934289f, -2.1787894f], 1e-6);
    }

    [Fact]
    public void Generator_SameSeed_SameStream()
    {
        using var scope = NewDisposeScope();
        using var first = new Generator(1234);
        using var second = new Generator(99);
        second.manual_seed(1234);
        randn(100, generator: first).equal(randn(100, generator: second)).all().item<bool>().ShouldBeTrue();
        randn(100, generator: first).equal(randn(100, generator: new Generator(1234))).all().item<bool>().ShouldBeFalse();
        first.initial_seed().ShouldBe(1234);
    }

    [Fact]
    public void Generator_OddCounts_RestartCleanlyAfterSeeding()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(5);
        var once = zeros(1).normal_(generator: generator).item<float>();
        generator.manual_seed(5);
        zeros(1).normal_(generator: generator).item<float>().ShouldBe(once);
    }

    [Fact]
    public void Generator_StateSetBack_Repeats()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(7);
        var state = generator.get_state();
        var before = rand(5, generator: generator);
        generator.set_state(state);
        rand(5, generator: generator).equal(before).all().item<bool>().ShouldBeTrue();
    }

    [Fact]
    public void Generator_Own_LeavesTheDefaultAlone()
    {
        using var scope = NewDisposeScope();
        var state = get_rng_state();
        using var generator = new Generator(3);
        _ = randn(10, generator: generator);
        get_rng_state().equal(state).all().item<bool>().ShouldBeTrue();
    }

    [Fact]
    public void Draws_Bounds_AreKept()
    {
        using var scope = NewDisposeScope();
        using var g = new Generator(1);
        randint(3, 6, [1000], generator: g).unique().output.data<long>().ToArray().ShouldBe([3L, 4L, 5L]);
        randperm(10, generator: g).sort().Values.equal(arange(10)).all().item<bool>().ShouldBeTrue();
        var u = zeros(1000).uniform_(-1, 1, g);
        u.min().item<float>().ShouldBeGreaterThanOrEqualTo(-1f);
        u.mean().item<float>().ShouldBe(0f, 0.1f); // standard error 0.018
        multinomial(tensor(new[] { 0f, 1f, 0f }), 5, replacement: true, g).data<long>().ToArray().ShouldBe([1L, 1L, 1L, 1L, 1L]);
        bernoulli(full([4], 1.0, float32), g).sum().item<float>().ShouldBe(4f);
    }
}
