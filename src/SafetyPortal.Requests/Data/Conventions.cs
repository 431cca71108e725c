using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace SafetyPortal.Requests.Data;

/// <summary>A row that two writers must not change at once: the number grows with each save, and a save over a newer row fails.</summary>
public interface IVersioned
{
    long Version { get; set; }
}

/// <summary>A row whose every change must leave an event in the history; saving one without an event throws.</summary>
public interface IAudited;

/// <summary>Times as UTC ticks: SQLite has no type for them, and integers compare and sort rightly.</summary>
internal sealed class UtcTicksConverter() : ValueConverter<DateTimeOffset, long>(
    time => time.UtcTicks,
    ticks => new DateTimeOffset(ticks, TimeSpan.Zero));
