using static TorchSharp.torch;

namespace SafetyPortal.Lab.DemoWorld.World;

/// <summary>Rendered scenes in memory, as bytes.</summary>
public sealed class PictureSet : IDisposable
{
    private readonly Tensor pixels;

    private PictureSet(IReadOnlyList<Scene> scenes, Tensor pixels) => (Scenes, this.pixels) = (scenes, pixels);

    public IReadOnlyList<Scene> Scenes { get; }

    public int Count => Scenes.Count;

    /// <summary>Renders scenes 0 to <paramref name="count"/> - 1 of a seed on all the threads given.</summary>
    public static PictureSet Render(SceneRenderer renderer, long seed, int count, int threads)
    {
        const int bytes = SceneRenderer.Side * SceneRenderer.Side * 3;
        var scenes = new Scene[count];
        var pixels = new byte[(long)count * bytes];
        Parallel.For(0, count, new ParallelOptions { MaxDegreeOfParallelism = threads }, i =>
        {
            scenes[i] = Scene.Draw(seed, i);
            renderer.Render(scenes[i]).Pixels.CopyTo(pixels, (long)i * bytes);
        });

        // Rendered when first needed, which may be inside the dispose scope of a training step.
        var stored = tensor(pixels, [count, SceneRenderer.Side, SceneRenderer.Side, 3], dtype: ScalarType.Byte);
        return new PictureSet(scenes, stored.DetachFromDisposeScope());
    }

    /// <summary>The chosen pictures as the networks see them.</summary>
    /// <returns>[B, 3, 64, 64] float32 in -1..1</returns>
    public Tensor Batch(long[] indices)
    {
        using var scope = NewDisposeScope();
        return Unit(pixels.index_select(0, tensor(indices))).MoveToOuterDisposeScope();
    }

    /// <summary>As <see cref="Batch"/>, for <paramref name="count"/> pictures from <paramref name="first"/> on.</summary>
    public Tensor Range(int first, int count)
    {
        using var scope = NewDisposeScope();
        return Unit(pixels.narrow(0, first, count)).MoveToOuterDisposeScope();
    }

    public void Dispose() => pixels.Dispose();

    private static Tensor Unit(Tensor bytes) => bytes.permute(0, 3, 1, 2).to(ScalarType.Float32).contiguous().div_(127.5).sub_(1);
}
