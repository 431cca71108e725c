using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafetyPortal.Lab.DemoWorld.Training;

/// <summary>
/// Copies of one network, one per thread, that share out the micro-batches of a step. A free thread takes the next one, so a core that other
/// programs use does not hold up the rest. The gradients are added in the order of the micro-batches.
/// </summary>
public sealed class ReplicaPool<TModule> : IDisposable
    where TModule : nn.Module
{
    private readonly TModule[] replicas;
    private readonly IReadOnlyList<Parameter>[] parameters;
    private readonly Tensor gradients;
    private readonly double[] losses;

    /// <param name="build">Builds the network; called once per thread.</param>
    /// <param name="threads">At least 1.</param>
    /// <param name="microBatches">Gradients per step.</param>
    /// <param name="compute">Type of the replicas' weights.</param>
    public ReplicaPool(Func<TModule> build, int threads, int microBatches, ScalarType compute)
    {
        replicas = [.. Enumerable.Range(0, Math.Min(threads, microBatches)).Select(_ => build())];
        foreach (var replica in replicas)
        {
            replica.train();
            if (compute != ScalarType.Float32)
                replica.to(compute);
        }

        parameters = [.. replicas.Select(r => (IReadOnlyList<Parameter>)[.. r.parameters()])];
        gradients = zeros(microBatches, parameters[0].Sum(p => p.numel()), dtype: ScalarType.Float32);
        losses = new double[microBatches];
    }

    /// <summary>Gives every replica the same weights.</summary>
    /// <param name="weights">[P] float32</param>
    public void Assign(Tensor weights)
    {
        foreach (var replica in replicas)
            FlatParameters.Scatter(replica, weights);
    }

    /// <summary>Computes the mean gradient of a step.</summary>
    /// <param name="seed">Seed of the run.</param>
    /// <param name="step">Number of the step.</param>
    /// <param name="loss">Loss of one micro-batch, a scalar; called from several threads, each with its own replica.</param>
    /// <returns>The mean loss and its gradient, [P] float32.</returns>
    public (double Loss, Tensor Gradient) Step(long seed, long step, Func<TModule, MicroBatch, Tensor> loss)
    {
        var next = -1;
        var failures = new Exception?[replicas.Length];
        void Work(int worker)
        {
            try
            {
                set_num_threads(1);
                for (var i = Interlocked.Increment(ref next); i < losses.Length; i = Interlocked.Increment(ref next))
                    losses[i] = Compute(worker, new MicroBatch(seed, step, i), loss);
            }
            catch (Exception failure)
            {
                failures[worker] = failure;
            }
        }

        var others = Enumerable.Range(1, replicas.Length - 1).Select(worker =>
        {
            var thread = new Thread(() => Work(worker)) { IsBackground = true, Name = $"replica {worker}" };
            thread.Start();
            return thread;
        }).ToArray();
        Work(0);
        foreach (var thread in others)
            thread.Join();
        if (Array.Find(failures, f => f is not null) is { } first)
            throw new InvalidOperationException($"Step {step} failed: {first.Message}", first);
        return (losses.Average(), gradients.mean([0L]));
    }

    private double Compute(int worker, MicroBatch batch, Func<TModule, MicroBatch, Tensor> loss)
    {
        using var scope = NewDisposeScope();
        var value = loss(replicas[worker], batch);
        value.backward();
        FlatParameters.TakeGradients(parameters[worker], gradients.select(0, batch.Index));
        return value.ToDouble();
    }

    public void Dispose()
    {
        foreach (var replica in replicas)
            replica.Dispose();
        gradients.Dispose();
    }
}
