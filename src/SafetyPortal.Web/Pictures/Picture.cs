using SafetyPortal.Requests.RedTeam;

namespace SafetyPortal.Web.Pictures;

/// <summary>What a picture belongs to. Together with its id and a key this addresses the picture.</summary>
public enum PictureOf
{
    /// <summary>The gallery of a run and the sheets of its evidence, by digest.</summary>
    Run,

    /// <summary>The reference pictures of a request, by digest.</summary>
    Request,

    /// <summary>The contact sheets of a red-team order, by code of the probe. A digest would bypass <see cref="ProbeAccess"/>.</summary>
    ProbeOrder,

    /// <summary>The deck of a blind judgement, by place. A digest would reveal which model drew the image.</summary>
    BlindJudgement,
}

/// <summary>A picture that a person may see, sharp or veiled.</summary>
/// <param name="Digest">The artifact.</param>
/// <param name="Covered">Veiled for each person until the history holds their reveal.</param>
/// <param name="Subject">The subject of a reveal in the history.</param>
/// <param name="Number">How a reveal names the picture there.</param>
internal sealed record Picture(string Digest, bool Covered, string Subject, int Number);

/// <summary>A picture as one person sees it now.</summary>
/// <param name="Source">The address at which the browser gets it.</param>
public sealed record PictureView(string Source, bool Veiled)
{
    /// <summary>Returns the view of a picture that the page has not loaded yet.</summary>
    internal static PictureView Veil(PictureOf of, long id, string key) => new(PictureUrl.Of(of, id, key, veiled: true), Veiled: true);
}

internal static class PictureUrl
{
    public static string Of(PictureOf of, long id, string key, bool veiled) => Path(of, id, key) + (veiled ? "/veiled" : "");

    public static string Route(PictureOf of) => Path(of, "{id:long}", "{key}");

    private static string Path(PictureOf of, object id, string key) => of switch
    {
        PictureOf.Run => $"/runs/{id}/images/{key}",
        PictureOf.Request => $"/requests/{id}/pictures/{key}",
        PictureOf.ProbeOrder => $"/red-team/{id}/sheets/{key}",
        _ => $"/blind/{id}/pictures/{key}",
    };
}

/// <summary>A picture with the action that reveals it, for <see cref="SheetImage"/>.</summary>
/// <param name="Busy">True while the page acts.</param>
public sealed record SheetView(PictureView Picture, bool Busy, Func<Task> Reveal);
