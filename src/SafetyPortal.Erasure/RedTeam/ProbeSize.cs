namespace SafetyPortal.Erasure.RedTeam;

/// <summary>How large an attempt is.</summary>
/// <param name="Settings">How hard to try.</param>
/// <param name="Prompts">Images per rate, one a prompt.</param>
/// <param name="Examples">Images that learning probes are given.</param>
/// <param name="Paraphrases">Other ways of asking that are tried.</param>
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
