namespace SafetyPortal.Web.Explorer;

/// <summary>A picture as one person may see it now.</summary>
/// <param name="Source">Where the browser gets it.</param>
/// <param name="Veiled">Blurred on the server until <paramref name="Reveal"/>.</param>
public sealed record SheetView(string Source, bool Veiled, bool Busy, Func<Task> Reveal);
