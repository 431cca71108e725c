namespace SafetyPortal.Diffusion.Schedulers;

/// <summary>A scheduler configuration names something unknown or has a value out of range.</summary>
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
