namespace SafetyPortal.Requests;

/// <summary>A move that the life of a request, run or release does not have. The message is meant for the user.</summary>
public sealed class IllegalMoveException(string message) : InvalidOperationException(message);

/// <summary>Something named by id does not exist (or not any more).</summary>
public sealed class NotFoundException(string message) : InvalidOperationException(message);
