using System.Text.Json;

namespace SafetyPortal.Requests;

/// <summary>The status of a request, run or release does not allow the move. The message is for the user.</summary>
public sealed class IllegalMoveException(string message) : InvalidOperationException(message)
{
    /// <param name="what">For example "Run 12".</param>
    /// <param name="verb">For example "cancelled".</param>
    /// <exception cref="IllegalMoveException">The status is none that the move may leave.</exception>
    internal static void ThrowUnless<T>(string what, string verb, T status, params ReadOnlySpan<T> from)
        where T : struct, Enum
    {
        if (from.Contains(status))
            return;
        var expected = string.Join(" or ", from.ToArray().Select(allowed => Describe(allowed)));
        throw new IllegalMoveException($"{what} is {Describe(status)} and cannot be {verb}: it would have to be {expected}.");
    }

    /// <summary>Returns a status in words, for example "awaiting decision".</summary>
    internal static string Describe<T>(T status)
        where T : struct, Enum => JsonNamingPolicy.KebabCaseLower.ConvertName(status.ToString()).Replace('-', ' ');
}

/// <summary>There is no row with the id that the caller named. The message is for the user.</summary>
public sealed class NotFoundException(string message) : InvalidOperationException(message);
