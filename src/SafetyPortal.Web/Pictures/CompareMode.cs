namespace SafetyPortal.Web.Pictures;

/// <summary>How a pair of images is laid out.</summary>
public enum CompareMode
{
    /// <summary>One over the other, parted by a line that moves.</summary>
    Slider = 0,

    Side = 1,

    /// <summary>The unedited one; the edited one while a button or key is held.</summary>
    Blink = 2,

    /// <summary>How far each pixel moved, from dark (the same) to bright.</summary>
    Heat = 3,
}
