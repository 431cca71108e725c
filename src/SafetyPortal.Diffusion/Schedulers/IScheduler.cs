using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Schedulers;

/// <summary>
/// Walks a latent from noise to image: chooses the timesteps of the predictions and changes the latent by each prediction.
/// A scheduler serves one trajectory at a time; the order of use is <see cref="SetTimesteps"/>, then for each timestep
/// <see cref="ScaleModelInput"/>, the network, <see cref="Step"/>.
/// </summary>
public interface IScheduler
{
    SchedulerConfig Config { get; }

    /// <summary>The training noise levels.</summary>
    NoiseSchedule Noise { get; }

    /// <summary>Timesteps of the network's calls, one entry per call; some schedulers have fractions, others repeat one.</summary>
    IReadOnlyList<double> Timesteps { get; }

    /// <summary>Standard deviation of the first latent: unit noise is multiplied by it.</summary>
    double InitNoiseSigma { get; }

    /// <summary>Plans a trajectory of <paramref name="steps"/> steps and forgets the previous one.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is less than one step, or more than the training had.</exception>
    void SetTimesteps(int steps);

    /// <summary>Returns the network's input for a latent at <paramref name="timestep"/>; same shape.</summary>
    Tensor ScaleModelInput(Tensor sample, double timestep);

    /// <summary>Returns the latent after this step.</summary>
    /// <param name="modelOutput">The network's prediction, the shape of <paramref name="sample"/>.</param>
    /// <param name="timestep">The entry of <see cref="Timesteps"/> the prediction was made for.</param>
    /// <param name="sample">The latent before the step (not scaled).</param>
    /// <param name="varianceNoise">Unit noise for stochastic steps; needed only when the scheduler adds noise.</param>
    Tensor Step(Tensor modelOutput, double timestep, Tensor sample, Tensor? varianceNoise = null);

    /// <summary>
    /// Returns <paramref name="original"/> mixed with unit <paramref name="noise"/> to the level of
    /// <paramref name="timesteps"/> (int64 [B]).
    /// </summary>
    Tensor AddNoise(Tensor original, Tensor noise, Tensor timesteps);
}
