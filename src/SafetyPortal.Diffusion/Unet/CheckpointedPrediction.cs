using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Unet;

/// <summary>
/// A prediction that keeps the maps between the UNet's blocks alone. The backward pass computes each block once more (Chen et al. 2016,
/// arXiv 1604.06174), so the graph of one block exists at a time. That takes a third more computation.
/// </summary>
public sealed class CheckpointedPrediction : IDisposable
{
    private readonly UNet2DConditionModel unet;
    private readonly Tensor sample;
    private readonly Tensor timesteps;
    private readonly Tensor text;
    private readonly Conditioning condition;

    // The skips of the way down: the first map, then each output of each block.
    private readonly List<Tensor> skips = [];

    // The inputs of the middle, of each block on the way up, and of the last layers; the first is the last of the skips.
    private readonly List<Tensor> maps = [];

    internal CheckpointedPrediction(UNet2DConditionModel unet, Tensor sample, Tensor timesteps, Tensor encoderHiddenStates)
    {
        (this.unet, this.sample, this.timesteps, text) = (unet, sample, timesteps, encoderHiddenStates);
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        condition = unet.Condition(timesteps, encoderHiddenStates);
        skips.Add(unet.Enter(sample));
        foreach (var block in unet.Down)
            skips.AddRange(block.call(skips[^1], condition));
        maps.Add(skips[^1]);
        maps.Add(unet.Middle.call(maps[0], condition));
        var stack = new Stack<Tensor>(skips.Select(s => s.alias())); // blocks dispose what they take
        foreach (var block in unet.Up)
            maps.Add(block.call(maps[^1], stack, condition));
        Noise = UNet2DConditionModel.Finite(unet.Leave(maps[^1]).to(sample.dtype), timesteps);
        foreach (var tensor in Kept())
            tensor.DetachFromDisposeScope();
    }

    /// <summary>[B, out, H, W], of the sample's type; without a graph.</summary>
    public Tensor Noise { get; }

    /// <summary>Adds to the gradients of all parameters that require one. The prediction's inputs must still exist; they get no gradient.</summary>
    /// <param name="gradient">Of the objective, with respect to <see cref="Noise"/>.</param>
    public void Backward(Tensor gradient)
    {
        using var scope = NewDisposeScope();
        using var recorded = enable_grad();
        var live = condition with { Time = Leaf(condition.Time) };
        var toSkips = new Tensor[skips.Count];

        // 1. The last layers.
        var x = Pull(maps[^1], map => unet.Leave(map).to(sample.dtype), gradient);

        // 2. The way up, backwards: the last block took the first skips.
        var end = 0;
        for (var i = unet.Up.Count - 1; i >= 0; i--)
        {
            var block = unet.Up[i];
            var leaves = skips.GetRange(end, block.Skips).Select(Leaf).ToList();
            var below = end > 0 ? skips.GetRange(end - 1, 1) : []; // its size is that of the doubled map
            x = Pull(maps[i + 1], map => block.call(map, new Stack<Tensor>(below.Concat(leaves).Select(s => s.alias())), live), x);
            foreach (var leaf in leaves)
                toSkips[end++] = leaf.grad!;
        }

        // 3. The middle.
        x = Pull(maps[0], map => unet.Middle.call(map, live), x);

        // 4. The way down, backwards. Each output has a gradient from the way up; the last also has that of what follows it.
        for (var i = unet.Down.Count - 1; i >= 0; i--)
        {
            var block = unet.Down[i];
            var start = end - block.Outputs;
            toSkips[end - 1] += x;
            var map = Leaf(skips[start - 1]);
            autograd.backward([.. block.call(map, live)], toSkips[start..end]);
            (x, end) = (map.grad!, start);
        }

        // 5. The first layers, if one of their parameters requires a gradient.
        var first = unet.Enter(sample);
        if (first.requires_grad)
            autograd.backward(first, toSkips[0] + x);
        var time = unet.Condition(timesteps, text).Time;
        if (time.requires_grad)
            autograd.backward(time, live.Time.grad!);
    }

    public void Dispose()
    {
        foreach (var tensor in Kept())
            tensor.Dispose();
    }

    // The gradient of a map, from that of what is computed from it.
    private static Tensor Pull(Tensor input, Func<Tensor, Tensor> compute, Tensor gradient)
    {
        using var scope = NewDisposeScope();
        var leaf = Leaf(input);
        autograd.backward(compute(leaf), gradient);
        return leaf.grad!.MoveToOuterDisposeScope();
    }

    private static Tensor Leaf(Tensor map) => map.detach().requires_grad_();

    private IEnumerable<Tensor> Kept() => [.. skips, .. maps.Skip(1), condition.Time, condition.Text, Noise];
}
