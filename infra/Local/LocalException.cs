namespace Cloud.Local;

/// <summary>Something the person at the keyboard can mend: the message says what is wrong and what to do. Shown without a stack trace.</summary>
public sealed class LocalException(string message) : Exception(message);
