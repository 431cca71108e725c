namespace SafetyPortal.Diffusion.Schedulers;

/// <summary>
/// Position within a trajectory. Timesteps can repeat, so after the first step the position counts steps instead of looking timesteps up.
/// The first step may be anywhere, for trajectories that another model began.
/// </summary>
internal sealed class StepCounter
{
    private int? _index;

    public void Reset() => _index = null;

    /// <summary>Index of the current step, found by its timestep when the trajectory has not begun.</summary>
    /// <exception cref="ArgumentException">The timestep is not planned, or the trajectory is over.</exception>
    public int Current(IReadOnlyList<double> timesteps, double timestep)
    {
        if (timesteps.Count == 0)
            throw new InvalidOperationException("SetTimesteps must be called before the first step.");
        if (_index is not { } index)
        {
            index = 0;
            while (index < timesteps.Count && timesteps[index] != timestep)
                index++;
        }

        if (index >= timesteps.Count)
            throw new ArgumentException($"Timestep {timestep} is not one of the {timesteps.Count} planned, or the trajectory is over.", nameof(timestep));
        _index = index;
        return index;
    }

    public void Advance() => _index++;
}
