namespace SafetyPortal.Images;

/// <summary>The interpolation of a resize; when shrinking, each kernel but <see cref="Nearest"/> is widened against aliasing.</summary>
/// <remarks>Values are libvips' VipsKernel.</remarks>
public enum ResizeKernel
{
    /// <summary>Copies the nearest pixel.</summary>
    Nearest = 0,

    /// <summary>Triangle filter (bilinear).</summary>
    Linear = 1,

    /// <summary>Catmull-Rom cubic (a = -0.5), the kernel Pillow calls bicubic.</summary>
    Cubic = 2,

    /// <summary>Windowed sinc with three lobes.</summary>
    Lanczos3 = 5,
}
