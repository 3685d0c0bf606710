namespace Cloud.Portal.Api;

/// <summary>One page of a list.</summary>
/// <param name="Items">In the order asked for.</param>
/// <param name="NextPageToken">Opaque; null at the end.</param>
public sealed record Page<T>(IReadOnlyList<T> Items, string? NextPageToken);

/// <summary>The person signed in.</summary>
public sealed record Person(string Id, string Email, string Name, bool IsOperator);

/// <summary>One sign-in of the person, on some device.</summary>
/// <param name="IsCurrent">Whether it is the one this page runs under.</param>
public sealed record SignIn(
    string Id, DateTimeOffset CreatedAt, DateTimeOffset LastUsedAt, string? Address, string? UserAgent, bool IsCurrent);

/// <summary>A tenant, to which bills go.</summary>
public sealed record Organization(string Id, string Name);

/// <summary>A group of clusters inside an organization.</summary>
public sealed record Project(string Id, string Name);

/// <summary>A project with the organization it belongs to.</summary>
public sealed record Place(Organization Organization, Project Project);
