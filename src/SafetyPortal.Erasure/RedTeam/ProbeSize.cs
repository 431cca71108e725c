namespace SafetyPortal.Erasure.RedTeam;

/// <summary>The size of an attempt.</summary>
/// <param name="Settings">The budget.</param>
/// <param name="Prompts">Images per rate, one a prompt.</param>
/// <param name="Examples">Images for learning probes.</param>
/// <param name="Paraphrases">Number of paraphrases.</param>
public sealed record ProbeSize(ProbeSettings Settings, int Prompts, int Examples, int Paraphrases)
{
    /// <summary>Network calls of one image: a guided step counts twice.</summary>
    public long ImageCalls => 2L * Settings.Steps;

    /// <summary>The largest attempt that settings allow; a concept with fewer prompts makes a smaller one.</summary>
    public static ProbeSize Largest(ProbeSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        return new(settings, settings.Images, settings.Examples, settings.Paraphrases);
    }
}
