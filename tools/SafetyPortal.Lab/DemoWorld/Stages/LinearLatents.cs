using MathNet.Numerics.LinearAlgebra;
using SafetyPortal.Lab.DemoWorld.World;
using static TorchSharp.torch;

namespace SafetyPortal.Lab.DemoWorld.Stages;

/// <summary>
/// The best four linear numbers per 4 x 4 patch (principal components, unit variance). Both halves of the autoencoder learn them
/// first: regression to a fixed target converges where training end to end from scratch stalls.
/// </summary>
public sealed class LinearLatents : IDisposable
{
    private const int Patch = 4;
    private const int Sample = 1500;
    private readonly Tensor kernel;
    private readonly Tensor bias;

    private LinearLatents(Tensor kernel, Tensor bias) => (this.kernel, this.bias) = (kernel, bias);

    /// <summary>Fits the components to the first pictures of a set.</summary>
    public static LinearLatents Fit(PictureSet pictures, int channels)
    {
        const int size = 3 * Patch * Patch;
        var count = Math.Min(Sample, pictures.Count);
        double[] mean;
        double[] second;
        using (NewDisposeScope())
        {
            var batch = pictures.Range(0, count);
            var side = batch.shape[2] / Patch;
            var patches = batch.reshape(count, 3, side, Patch, side, Patch).permute(0, 2, 4, 1, 3, 5).reshape(-1, size); // [N, 48]
            mean = [.. patches.mean([0L]).data<float>().Select(v => (double)v)];
            second = [.. (patches.t().mm(patches) / patches.shape[0]).reshape(-1).data<float>().Select(v => (double)v)];
        }

        var covariance = Matrix<double>.Build.Dense(size, size, (i, j) => second[i * size + j] - mean[i] * mean[j]);
        var eigen = covariance.Evd(Symmetricity.Symmetric);
        var kernel = new float[channels * size];
        var bias = new float[channels];
        for (var c = 0; c < channels; c++)
        {
            var column = size - 1 - c;
            var vector = eigen.EigenVectors.Column(column);

            // The sign of an eigenvector is arbitrary; fix it so that every machine fits the same latents.
            var sign = Math.Sign(vector.Sum()) is var s && s != 0 ? s : 1;
            var scale = sign / Math.Sqrt(eigen.EigenValues[column].Real);
            for (var i = 0; i < size; i++)
            {
                kernel[c * size + i] = (float)(vector[i] * scale);
                bias[c] -= (float)(vector[i] * scale * mean[i]);
            }
        }

        return new LinearLatents(tensor(kernel).reshape(channels, 3, Patch, Patch), tensor(bias));
    }

    /// <param name="pictures">[B, 3, H, W] in -1..1</param>
    /// <returns>[B, channels, H/4, W/4]</returns>
    public Tensor Encode(Tensor pictures) => nn.functional.conv2d(pictures, kernel, bias, strides: [Patch, Patch]);

    public void Dispose()
    {
        kernel.Dispose();
        bias.Dispose();
    }
}
