namespace SafetyPortal.Requests;

/// <summary>The status of a request, run or release does not allow the move. The message is meant for the user.</summary>
public sealed class IllegalMoveException(string message) : InvalidOperationException(message);

/// <summary>Something named by id does not exist (or not any more).</summary>
public sealed class NotFoundException(string message) : InvalidOperationException(message);
