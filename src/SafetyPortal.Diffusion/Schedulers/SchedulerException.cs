namespace SafetyPortal.Diffusion.Schedulers;

/// <summary>A scheduler configuration asks for something that does not exist or is out of range.</summary>
public sealed class SchedulerException(string message, Exception? inner = null) : Exception(message, inner);
