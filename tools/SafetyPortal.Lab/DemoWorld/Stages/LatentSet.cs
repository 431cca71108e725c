using System.Globalization;
using SafetyPortal.Diffusion.Safetensors;
using SafetyPortal.Lab.DemoWorld.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Lab.DemoWorld.Stages;

/// <summary>All training pictures as latents, scaled to unit variance; computed once and kept in the work folder.</summary>
public sealed class LatentSet : IDisposable
{
    private const int Chunk = 64;
    private readonly Tensor latents;

    private LatentSet(Tensor latents, double scalingFactor) => (this.latents, ScalingFactor) = (latents, scalingFactor);

    /// <summary>1 / standard deviation of the unscaled latents.</summary>
    public double ScalingFactor { get; }

    private static string PathIn(string workDirectory) => Path.Combine(workDirectory, "latents.safetensors");

    /// <summary>Reads the latents of the work folder, or encodes all pictures if there are none of this autoencoder.</summary>
    public static LatentSet Prepare(StageContext context)
    {
        var path = PathIn(context.WorkDirectory);
        if (!File.Exists(path) || !AreOfTheAutoencoder(context.WorkDirectory))
            Encode(context, path);
        using var file = SafetensorsFile.Open(path);
        return new LatentSet(file.Read("latents"), double.Parse(file.Metadata["scaling_factor"], CultureInfo.InvariantCulture));
    }

    /// <summary>The factor belonging to the latents in a work folder.</summary>
    /// <exception cref="InvalidOperationException">The autoencoder has been trained since.</exception>
    public static double ScalingFactorOf(string workDirectory)
    {
        if (!AreOfTheAutoencoder(workDirectory))
        {
            throw new InvalidOperationException(
                $"{PathIn(workDirectory)} was made by another autoencoder than the work folder has. Delete it and train what learned from it again.");
        }

        using var file = SafetensorsFile.Open(PathIn(workDirectory));
        return double.Parse(file.Metadata["scaling_factor"], CultureInfo.InvariantCulture);
    }

    /// <returns>[B, 4, 16, 16] float32, about unit variance</returns>
    public Tensor Batch(long[] indices) => latents.index_select(0, tensor(indices));

    public void Dispose() => latents.Dispose();

    private static bool AreOfTheAutoencoder(string workDirectory)
    {
        using var file = SafetensorsFile.Open(PathIn(workDirectory));
        return file.Metadata.TryGetValue(AutoencoderStage.Name, out var digest)
            && digest == TrainingCheckpoint.Digest(workDirectory, AutoencoderStage.Name);
    }

    private static void Encode(StageContext context, string path)
    {
        using var vae = AutoencoderStage.Load(context);
        var count = context.Pictures.Count;
        using var all = zeros(count, 4, 16, 16, dtype: ScalarType.Float32);
        Parallel.For(0, (count + Chunk - 1) / Chunk, new ParallelOptions { MaxDegreeOfParallelism = context.Threads }, i =>
        {
            set_num_threads(1);
            using var guard = no_grad();
            using var scope = NewDisposeScope();
            var size = Math.Min(Chunk, count - i * Chunk);
            using var encoded = vae.encode(context.Pictures.Range(i * Chunk, size));
            all.narrow(0, i * Chunk, size).copy_(encoded.Mean);
        });
        using var spread = all.std();
        var factor = 1 / spread.ToDouble();
        all.mul_(factor);
        SafetensorsWriter.Write(
            path,
            [("latents", all)],
            new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["scaling_factor"] = factor.ToString("r", CultureInfo.InvariantCulture),
                [AutoencoderStage.Name] = TrainingCheckpoint.Digest(context.WorkDirectory, AutoencoderStage.Name),
            });
    }
}
