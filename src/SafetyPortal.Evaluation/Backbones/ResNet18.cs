using System.Reflection;
using SafetyPortal.Diffusion;
using SafetyPortal.Evaluation.Onnx;
using SafetyPortal.Evaluation.Preprocessing;
using SafetyPortal.Images;

namespace SafetyPortal.Evaluation.Backbones;

/// <summary>
/// ResNet-18 (He et al. 2015, arXiv 1512.03385) for ImageNet without its last layer. It was not trained on the pictures a model was made
/// from. The two ONNX files come from the package Microsoft.ML.DnnImageFeaturizer.ResNet18 (MIT), which the build restores.
/// </summary>
public sealed class ResNet18 : IDisposable
{
    /// <summary>Width of the pooled features.</summary>
    public const int FeatureCount = 512;

    private const int Side = 224;
    private const string NetworkFile = "ResNet18Onnx/ResNet18.onnx";
    private const string PreprocessingFile = "ResNetPrepOnnx/ResNetPreprocess.onnx";

    // Takes red, green and blue of 0..255; gives blue, green and red less the mean picture of the training set.
    private readonly OnnxNetwork preprocessing;
    private readonly OnnxNetwork network;

    private ResNet18(OnnxNetwork preprocessing, OnnxNetwork network) => (this.preprocessing, this.network) = (preprocessing, network);

    /// <summary>Returns the paths of both files: copies that a publish put next to the program, or else those in the package cache of the build.</summary>
    /// <exception cref="ModelFormatException">A file is in neither place.</exception>
    public static string[] Files() => [Find(PreprocessingFile), Find(NetworkFile)];

    /// <summary>Reads the network.</summary>
    /// <exception cref="ModelFormatException">A file is missing or damaged.</exception>
    public static ResNet18 Load()
    {
        var paths = Files();
        var preprocessing = OnnxNetwork.Load(paths[0]);
        try
        {
            return new(preprocessing, OnnxNetwork.Load(paths[1]));
        }
        catch
        {
            preprocessing.Dispose();
            throw;
        }
    }

    /// <summary>Returns the features of pictures of any sizes: the shorter side scaled to 224, then the middle square.</summary>
    /// <exception cref="OnnxException">The network fails on a picture.</exception>
    public Features Read(IReadOnlyList<Raster> pictures, CancellationToken cancellation = default)
    {
        var rows = new List<float>(pictures.Count * FeatureCount);
        foreach (var picture in pictures)
        {
            var (prepared, _) = preprocessing.Run(Pixels(picture), Side, Side, cancellation); // [1, 3, 224, 224]
            var (features, shape) = network.Run(prepared, Side, Side, cancellation);
            if (!shape.SequenceEqual([1, FeatureCount, 1, 1]))
                throw new OnnxException($"expected features [1, {FeatureCount}, 1, 1] of ResNet-18, got [{string.Join(", ", shape)}]");
            rows.AddRange(features);
        }

        return new([.. rows], FeatureCount);
    }

    public void Dispose()
    {
        preprocessing.Dispose();
        network.Dispose();
    }

    private static float[] Pixels(Raster picture)
    {
        using var pixels = RasterPixels.Of([PillowResize.CentreCrop(PillowResize.ShorterSide(picture, Side, ResizeFilter.Bilinear), Side, Side)]);
        return pixels.data<float>().ToArray();
    }

    private static string Find(string file)
    {
        var package = typeof(ResNet18).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().First(m => m.Key == nameof(ResNet18)).Value!;
        string[] places = [Path.Combine(AppContext.BaseDirectory, "backbones", file), Path.Combine(package, file)];
        return Array.Find(places, File.Exists)
            ?? throw new ModelFormatException($"expected {string.Join(" or ", places)}, found neither: build again to restore the packages");
    }
}
