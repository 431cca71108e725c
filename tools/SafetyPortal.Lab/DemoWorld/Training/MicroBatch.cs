using SafetyPortal.Lab.DemoWorld.World;
using static TorchSharp.torch;

namespace SafetyPortal.Lab.DemoWorld.Training;

/// <summary>
/// Which part of which step is being computed. It keys all randomness of a step, so a resumed run draws exactly the numbers of an
/// uninterrupted run, with no generator state to save.
/// </summary>
public readonly record struct MicroBatch(long Seed, long Step, int Index)
{
    /// <summary>Micro-batches of a step, beyond which two steps would draw the same numbers.</summary>
    public const int Most = 64;

    private long Key => (Step * Most) + Index;

    /// <summary>Stream for picks made on the C# side: pictures, captions, timesteps.</summary>
    public SceneRandom Random() => new(Seed ^ 0x7E57, Key);

    /// <summary>Standard normal noise, float32.</summary>
    public Tensor Noise(long[] shape)
    {
        var random = new SceneRandom(Seed ^ 0x0153, Key);
        using var generator = new Generator((ulong)random.Index(int.MaxValue));
        return randn(shape, dtype: ScalarType.Float32, generator: generator);
    }
}
