namespace SafetyPortal.Web.Pictures;

/// <summary>How a pair of images is shown.</summary>
public enum CompareMode
{
    /// <summary>One over the other, with a line between them that moves.</summary>
    Slider = 0,

    Side = 1,

    /// <summary>The image of the unedited model, and that of the edited model while the user holds a button or key.</summary>
    Blink = 2,

    /// <summary>How far each pixel moved, from dark (the same) to bright.</summary>
    Heat = 3,
}
