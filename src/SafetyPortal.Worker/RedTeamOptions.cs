using SafetyPortal.Erasure.RedTeam;
using SafetyPortal.Trials.Probing;

namespace SafetyPortal.Worker;

/// <summary>The red team of a run.</summary>
public sealed class RedTeamOptions
{
    /// <summary>False leaves out the probes and the look at attention, activations and weights.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>Codes of the probes. A run with one for administrators fails.</summary>
    public string[] Probes { get; set; } = [.. RedTeamOrder.Unattended];

    /// <summary>Whether the probes take the grids of the literature and more images, for many times as long.</summary>
    public bool Full { get; set; }

    /// <summary>Images per rate; null takes the budget's own number.</summary>
    public int? Images { get; set; }

    internal ProbeSettings Settings
    {
        get
        {
            var settings = Full ? ProbeSettings.Full : ProbeSettings.Small;
            return Images is { } images ? settings with { Images = images } : settings;
        }
    }
}
