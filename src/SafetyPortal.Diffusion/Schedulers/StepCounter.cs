namespace SafetyPortal.Diffusion.Schedulers;

/// <summary>
/// Position within a trajectory. Timesteps can repeat, so after the first step the position counts steps instead of looking timesteps up.
/// The first step may be anywhere, for trajectories that another model began.
/// </summary>
internal sealed class StepCounter
{
    private int? index;

    public void Reset() => index = null;

    /// <summary>Returns the index of the current step. The first call of a trajectory looks its timestep up.</summary>
    /// <exception cref="ArgumentException">The timestep is not planned, or the trajectory is over.</exception>
    public int Current(IReadOnlyList<double> timesteps, double timestep)
    {
        if (timesteps.Count == 0)
            throw new InvalidOperationException("SetTimesteps must be called before the first step.");
        var current = index ?? timesteps.TakeWhile(t => t != timestep).Count();
        if (current == timesteps.Count)
            throw new ArgumentException($"Timestep {timestep} is not one of the {timesteps.Count} planned, or the trajectory is over.", nameof(timestep));
        index = current;
        return current;
    }

    public void Advance() => index++;
}
