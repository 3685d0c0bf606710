using System.Security.Cryptography;
using Cloud.Contracts;
using Cloud.Kernel;
using Cloud.Modules.Catalog.Public;
using Cloud.Modules.Clusters.Data;
using Cloud.Modules.Clusters.Domain;
using Cloud.Modules.Clusters.Public;
using Cloud.Modules.Organizations.Public;
using Cloud.Modules.Platform.Data;
using Cloud.Modules.Platform.Errors;
using Cloud.Modules.Platform.Http;

namespace Cloud.Modules.Clusters.Features;

/// <summary><c>POST /v1/projects/{project}/clusters</c>: writes the wish and answers 202; a reconciler makes it true.</summary>
internal static class CreateCluster
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/v1/projects/{project}/clusters", HandleAsync)
            .ResourceWrite(Permissions.ClustersCreate)
            .Replies(StatusCodes.Status202Accepted)
            .ReturnsSecret("credentials")
            .Example(new { name = "orders", tier = "starter", labels = new { team = "shop" } })
            .Fails(
                PlatformErrors.ValidationFailed,
                ClusterErrorCodes.NotAvailable,
                ClusterErrorCodes.NameTaken,
                CatalogErrorCodes.QuotaExceeded);

    private static async Task<Reply<ClusterReply>> HandleAsync(
        ProjectId project,
        CreateClusterRequest request,
        ApiCall call,
        ClusterCreation creation,
        CancellationToken cancellationToken)
    {
        var choices = await creation.ChoicesAsync(cancellationToken);
        var valid = ClusterSpecRules.Check(request.ToDraft(), choices, out var failures);
        return valid is null
            ? FieldFailures.ToReply(failures)
            : await creation.CreateAsync(call, project, valid, cancellationToken);
    }
}

/// <summary>Writes a new cluster in the request's transaction. Scoped.</summary>
internal sealed class ClusterCreation(
    CloudDbContext database,
    CatalogReader catalog,
    QuotaLedger quotas,
    ClusterOrders orders,
    ClusterReader reader,
    TimeProvider time)
{
    private const int PasswordLength = 24;

    /// <summary>Without characters that look alike or that shells, URLs and connection strings treat specially.</summary>
    private const string PasswordAlphabet = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789";

    public async Task<ClusterChoices> ChoicesAsync(CancellationToken cancellationToken) => new(
        [.. (await catalog.LocationsAsync(cancellationToken)).Select(location => location.Id)],
        [.. (await catalog.VersionsAsync(cancellationToken)).Select(version => version.Id)]);

    public async Task<Reply<ClusterReply>> CreateAsync(
        ApiCall call, ProjectId project, ValidCluster valid, CancellationToken cancellationToken)
    {
        if (!await ProjectHold.TryShareAsync(database, project, cancellationToken))
        {
            return PlatformErrors.ResourceNotFound("project", project);
        }

        var cluster = Cluster.Create(TypedId.New<ClusterId>(time), call.OrganizationId, project, valid, orders.Now);
        if (await orders.FindByNameAsync(cluster, cancellationToken) is { } holder)
        {
            return ClusterOrders.NameTaken(cluster, holder);
        }

        IReadOnlyList<QuotaAmount> amounts = [.. ClusterQuota.Compute(valid.Spec), .. ClusterQuota.Volume(valid.Spec)];
        if (!(await quotas.ReserveAsync(call.OrganizationId, amounts, cancellationToken)).TryGet(out var uses, out var exceeded))
        {
            return exceeded;
        }

        Explain(call, amounts, uses);
        var password = RandomNumberGenerator.GetString(PasswordAlphabet, PasswordLength);
        database.Add(cluster);
        var status = ClusterStatus.Create(cluster);
        database.Add(status);
        database.Add(Root(cluster, password));
        var operation = orders.Begin(cluster, ClusterOperations.Create);
        if (await orders.SaveUnlessNameTakenAsync(cluster, cancellationToken) is { } winner)
        {
            return ClusterOrders.NameTaken(cluster, winner);
        }

        var reply = await reader.ComposeNewAsync(cluster, status, cancellationToken);
        call.Plan.Price = new PlannedPrice(null, new PriceAmount(reply.Price.Amount, reply.Price.Currency));
        return ClusterOrders.Accepted(reply with { Credentials = new CredentialsReply(SqlUser.Root, password) }, operation);
    }

    private SqlUser Root(Cluster cluster, string password) => new()
    {
        ClusterId = cluster.Id,
        OrganizationId = cluster.OrganizationId,
        Name = SqlUser.Root,
        NativeVerifier = SqlVerifiers.Native(password),
        Sha2Verifier = SqlVerifiers.CachingSha2(password),
        Grants = SqlGrants.All,
        CreatedAt = orders.Now,
    };

    private static void Explain(ApiCall call, IReadOnlyList<QuotaAmount> amounts, IReadOnlyList<QuotaUse> uses)
    {
        foreach (var use in uses)
        {
            var amount = amounts.Where(candidate => candidate.Name == use.Name).Sum(candidate => candidate.Amount);
            call.Plan.Quota.Add(new PlannedQuota(use.Name, use.Limit, use.Used - amount, use.Used));
        }
    }
}
