using System.Text.Json.Serialization;
using Cloud.Kernel;
using Cloud.Modules.Clusters.Domain;
using Cloud.Modules.Clusters.Public;
using Cloud.Modules.Platform.Errors;
using Cloud.Modules.Platform.Http;

namespace Cloud.Modules.Clusters.Features;

/// <summary>The body of a create. All but the name have defaults.</summary>
internal sealed record CreateClusterRequest
{
    public required string Name { get; init; }

    /// <summary><c>starter</c> or <c>dedicated</c>.</summary>
    public string? Tier { get; init; }

    public string? Location { get; init; }

    public string? Version { get; init; }

    public RoleRequest? Sql { get; init; }

    public CountRequest? Pd { get; init; }

    public StorageRequest? Storage { get; init; }

    public RoleRequest? Columnar { get; init; }

    /// <summary>CIDR blocks that may connect; empty admits everyone.</summary>
    public IReadOnlyList<string?>? AllowList { get; init; }

    public bool? DeletionProtection { get; init; }

    public IReadOnlyDictionary<string, string?>? Labels { get; init; }

    public ClusterDraft ToDraft() => new()
    {
        Name = Name,
        Tier = Tier,
        Location = Location,
        Version = Version,
        Sql = Sql?.ToDraft(),
        Pd = Pd?.ToDraft(),
        Storage = Storage?.ToDraft(),
        Columnar = Columnar?.ToDraft(),
        AllowList = AllowList,
        DeletionProtection = DeletionProtection,
        Labels = Labels,
    };
}

/// <summary>The body of a change: fields that are left out stay as they are.</summary>
internal sealed record UpdateClusterRequest
{
    public string? Name { get; init; }

    public string? Tier { get; init; }

    public string? Location { get; init; }

    public string? Version { get; init; }

    public RoleRequest? Sql { get; init; }

    public CountRequest? Pd { get; init; }

    public StorageRequest? Storage { get; init; }

    public RoleRequest? Columnar { get; init; }

    public IReadOnlyList<string?>? AllowList { get; init; }

    public bool? DeletionProtection { get; init; }

    /// <summary>All labels: those that are left out are removed.</summary>
    public IReadOnlyDictionary<string, string?>? Labels { get; init; }

    public ClusterDraft ToDraft() => new()
    {
        Name = Name,
        Tier = Tier,
        Location = Location,
        Version = Version,
        Sql = Sql?.ToDraft(),
        Pd = Pd?.ToDraft(),
        Storage = Storage?.ToDraft(),
        Columnar = Columnar?.ToDraft(),
        AllowList = AllowList,
        DeletionProtection = DeletionProtection,
        Labels = Labels,
    };
}

internal sealed record RoleRequest(int? Count = null, string? Size = null)
{
    public RoleDraft ToDraft() => new(Count, Size, null);
}

internal sealed record CountRequest(int? Count = null)
{
    public RoleDraft ToDraft() => new(Count, null, null);
}

internal sealed record StorageRequest(
    int? Count = null, string? Size = null, [property: JsonPropertyName("volumeGiB")] int? VolumeGiB = null)
{
    public RoleDraft ToDraft() => new(Count, Size, VolumeGiB);
}

/// <summary>Answers with every field that is wrong.</summary>
internal static class FieldFailures
{
    /// <summary>422: with the code <c>not-available</c> when that is all that stands in the way, as <c>validation-failed</c> otherwise.</summary>
    public static Reply<ClusterReply> ToReply(IReadOnlyList<Failure> failures)
    {
        var code = failures.All(failure => failure.Code == ClusterErrorCodes.NotAvailable)
            ? ClusterErrorCodes.NotAvailable
            : PlatformErrors.ValidationFailed;
        return Reply.FailWith<ClusterReply>(
            new Failure(code, string.Join(' ', failures.Select(failure => failure.Detail))),
            [.. failures.Select(failure => new FieldError(failure.Pointer ?? string.Empty, failure.Code, failure.Detail))]);
    }
}
