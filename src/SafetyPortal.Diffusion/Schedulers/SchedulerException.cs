namespace SafetyPortal.Diffusion.Schedulers;

/// <summary>A scheduler configuration asks for something that does not exist or is out of range.</summary>
public sealed class SchedulerException : ModelFormatException
{
    public SchedulerException(string message)
        : base(message)
    {
    }

    public SchedulerException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
