using TorchSharp.Modules;
using static TorchSharp.Tests.nn.Waves;
using static TorchSharp.torch;
using Module = TorchSharp.torch.nn.Module<TorchSharp.torch.Tensor, TorchSharp.torch.Tensor>;

namespace TorchSharp.Tests.nn;

public class ModuleTests
{
    [Fact]
    public void StateDict_NestedModule_CarriesFieldNamesInOrder()
    {
        using var model = new Net();

        model.state_dict().Keys.ShouldBe(
        [
            "scale", "counts", "conv_in.weight", "conv_in.bias", "blocks.0.norm.weight", "blocks.0.norm.bias", "blocks.0.proj.weight",
            "blocks.1.norm.weight", "blocks.1.norm.bias", "blocks.1.proj.weight", "head.0.weight", "head.0.bias", "head.2.weight", "head.2.bias",
        ]);
        model.named_parameters().Select(item => item.name).ShouldNotContain("counts");
        model.named_buffers().Select(item => item.name).ShouldBe(["counts", "scratch"]);
        model.named_buffers(include_nonpersistent: false).Select(item => item.name).ShouldBe(["counts"]);
        model.named_children().Select(item => item.name).ShouldBe(["conv_in", "blocks", "head"]);
        model.named_modules().Select(item => item.name).ShouldContain("blocks.1.proj");
        model.get_parameter("blocks.1.proj.weight").ShouldBeSameAs(model.Blocks[1].Proj.weight);
        model.get_parameter("blocks.2.proj.weight").ShouldBeNull();
    }

    [Fact]
    public void ModuleList_InsertRemoveAndReplace_KeepsTheOrder()
    {
        using var scope = NewDisposeScope();
        var made = Enumerable.Range(1, 6).Select(i => torch.nn.Linear(i, 1, hasBias: false)).ToArray();
        using var list = torch.nn.ModuleList(made[..4]);

        list.Insert(1, made[4]);
        list.RemoveAt(3);
        list[0] = made[5];

        Linear[] expected = [made[5], made[4], made[1], made[3]];
        list.ShouldBe(expected);
        list.named_children().Select(item => item.name).ShouldBe(["0", "1", "2", "3"]);
        list.children().ShouldBe(expected);
        list.state_dict().Select(item => (item.Key, item.Value.size(1))).ShouldBe([("0.weight", 6L), ("1.weight", 5L), ("2.weight", 2L), ("3.weight", 4L)]);
    }

    [Fact]
    public void EmbeddingFromPretrained_NegativePadding_CountsFromTheEnd()
    {
        using var scope = NewDisposeScope();
        using var table = torch.nn.Embedding_from_pretrained(ones(3, 2), freeze: false, padding_idx: -1);

        table.forward(tensor(new long[] { 0, 2 })).sum().backward();

        table.weight!.grad!.data<float>().ToArray().ShouldBe([1f, 1f, 0f, 0f, 0f, 0f]);
    }

    [Fact]
    public void LoadStateDict_NotStrict_ReportsBothSidesAndCopiesTheRest()
    {
        using var scope = NewDisposeScope();
        using var model = new Net();
        var state = new Dictionary<string, Tensor>(StringComparer.Ordinal)
        {
            ["scale"] = tensor(new[] { 1f, 2f, 3f }, dtype: ScalarType.Float64),
            ["blocks.7.proj.weight"] = ones(1),
        };

        var (missing, unexpected) = model.load_state_dict(state, strict: false);

        missing.Count.ShouldBe(13);
        missing.ShouldContain("conv_in.weight");
        unexpected.ShouldBe(["blocks.7.proj.weight"]);
        model.Scale.data<float>().ToArray().ShouldBe([1f, 2f, 3f]);
    }

    [Fact]
    public void LoadStateDict_Strict_NamesWhatDoesNotFitAndChangesNothing()
    {
        using var scope = NewDisposeScope();
        using var model = new Net();
        var before = model.Scale.clone();

        Should.Throw<InvalidOperationException>(() => model.load_state_dict(new() { ["scale"] = ones(3) })).Message.ShouldContain("head.2.bias");
        Should.Throw<ArgumentException>(() => model.load_state_dict(new() { ["scale"] = ones(1), ["counts"] = zeros(1) }, strict: false))
            .Message.ShouldContain("scale has shape [3], the state has [1]");
        model.Scale.allclose(before).ShouldBeTrue();
    }

    [Fact]
    public void Parameters_MadeInsideAScope_OutliveIt()
    {
        Net model;
        using (NewDisposeScope())
            model = new Net();

        model.parameters().ShouldAllBe(parameter => !parameter.IsInvalid);
        model.Dispose();
        model.Scale.IsInvalid.ShouldBeTrue();
        model.Blocks[0].Proj.weight.IsInvalid.ShouldBeTrue();
    }

    [Fact]
    public void To_HalfAndBack_KeepsParameterObjectsAndIntegers()
    {
        using var scope = NewDisposeScope();
        using var model = new Net();
        var weight = model.Blocks[0].Proj.weight;

        model.to(ScalarType.Float16);

        weight.dtype.ShouldBe(ScalarType.Float16);
        model.Counts.dtype.ShouldBe(ScalarType.Int64);
        model.Blocks[0].Proj.weight.ShouldBeSameAs(weight);
        weight.requires_grad.ShouldBeTrue();
        weight.is_leaf.ShouldBeTrue();
        model.@float().call(Wave(1, 2, 4, 4)).dtype.ShouldBe(ScalarType.Float32);
    }

    [Fact]
    public void Train_OnParent_ReachesEveryDescendant()
    {
        using var model = new Net();

        model.eval();
        model.modules().ShouldAllBe(module => !module.training);
        model.train();
        model.modules().ShouldAllBe(module => module.training);
    }

    [Fact]
    public void ZeroGrad_AfterBackward_DropsOrZeroes()
    {
        using var scope = NewDisposeScope();
        using var model = new Net();
        model.call(Wave(1, 2, 4, 4)).sum().backward();

        model.zero_grad(set_to_none: false);
        model.Blocks[0].Proj.weight.grad!.abs().sum().item<float>().ShouldBe(0f);
        model.zero_grad();
        model.Blocks[0].Proj.weight.grad.ShouldBeNull();
    }

    [Fact]
    public void Hooks_BeforeAndAfter_ReplaceInputAndOutputUntilRemoved()
    {
        using var scope = NewDisposeScope();
        using var layer = torch.nn.Identity();
        var before = layer.register_forward_pre_hook((_, x) => x + 1);
        layer.register_forward_hook((_, _, y) => y * 10);

        layer.call(ones(1)).item<float>().ShouldBe(20f);
        before.remove();
        layer.call(ones(1)).item<float>().ShouldBe(10f);
        layer.forward(ones(1)).item<float>().ShouldBe(1f);
    }

    [Fact]
    public void Sequential_Forward_DisposesWhatItMadeBetween()
    {
        using var model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.SiLU(), torch.nn.Identity(), torch.nn.Linear(4, 2));
        using var x = Wave(2, 3);
        using var warm = model.call(x);
        using var inference = no_grad();
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;

        using (model.call(x))
            DisposeScopeManager.Statistics.ThreadTotalLiveCount.ShouldBe(before + 1);
    }

    [Fact]
    public void ModuleListAndDict_ChangedMembers_AreRenamed()
    {
        using var first = torch.nn.Linear(1, 1, hasBias: false);
        using var second = torch.nn.Linear(1, 1, hasBias: false);
        using var list = torch.nn.ModuleList(first);
        list.Insert(0, second);
        using var named = torch.nn.ModuleDict(("left", first));
        named["left"] = second;
        named.Add("right", first);

        list.named_parameters().Select(item => item.name).ShouldBe(["0.weight", "1.weight"]);
        list.get_parameter("0.weight").ShouldBeSameAs(second.weight);
        list.RemoveAt(0);
        list.get_parameter("0.weight").ShouldBeSameAs(first.weight);
        named.named_children().Select(item => item.name).ShouldBe(["left", "right"]);
        named.get_parameter("left.weight").ShouldBeSameAs(second.weight);
    }

    [Fact]
    public void RegisterModule_NameWithDotOrTaken_IsRefused()
    {
        using var model = new Net();
        using var child = torch.nn.Identity();

        Should.Throw<ArgumentException>(() => model.register_module("a.b", child));
        Should.Throw<InvalidOperationException>(() => model.register_module("head", child)).Message.ShouldContain("head is already registered");
    }

#pragma warning disable IDE1006, CS0414 // Fields carry checkpoint names.
    private sealed class Net : Module
    {
        private readonly Parameter scale = new(ones(3));
        private readonly Tensor counts = zeros([2], dtype: ScalarType.Int64);
        private readonly Conv2d conv_in = torch.nn.Conv2d(2, 3, 3, 1, 1);
        private readonly ModuleList<Block> blocks = new(new Block(), new Block());
        private readonly Sequential head = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.SiLU(), torch.nn.Linear(4, 2));

        public Net()
            : base(nameof(Net))
        {
            RegisterComponents();
            register_buffer("scratch", zeros(1), persistent: false);
        }

        public Parameter Scale => scale;

        public Tensor Counts => counts;

        public ModuleList<Block> Blocks => blocks;

        public override Tensor forward(Tensor input)
        {
            using var scope = NewDisposeScope();
            var x = conv_in.call(input);
            foreach (var block in blocks)
                x = block.call(x);
            return head.call(x.mean([2, 3]) * scale).MoveToOuterDisposeScope();
        }
    }

    private sealed class Block : Module
    {
        private readonly GroupNorm norm = torch.nn.GroupNorm(1, 3);
        private readonly Conv2d proj = torch.nn.Conv2d(3, 3, 1, bias: false);

        public Block()
            : base(nameof(Block)) => RegisterComponents();

        public Conv2d Proj => proj;

        public override Tensor forward(Tensor input)
        {
            using var scope = NewDisposeScope();
            return (input + proj.call(norm.call(input))).MoveToOuterDisposeScope();
        }
    }
}
