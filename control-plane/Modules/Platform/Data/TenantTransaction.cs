using System.Data;
using Cloud.Kernel;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Npgsql;

namespace Cloud.Modules.Platform.Data;

/// <summary>
/// The transaction of a unit of work and the tenancy inside it. The request pipeline begins one for every endpoint, unless the
/// endpoint <c>.ManagesTransaction()</c>; workers and such endpoints begin their own. Scoped; not thread-safe.
/// </summary>
internal sealed class TenantTransaction(CloudDbContext db, TenantScope tenant) : IAsyncDisposable
{
    private IDbContextTransaction? _transaction;
    private Task _work = Task.CompletedTask;

    public bool IsOpen => _transaction is not null;

    /// <summary>The connection of the context, open while the transaction is.</summary>
    public NpgsqlConnection Connection => (NpgsqlConnection)db.Database.GetDbConnection();

    /// <summary>Begins, and enters the organization of the scope if it has one already.</summary>
    public async Task BeginAsync(CancellationToken cancellationToken)
    {
        Invariant.Require(_transaction is null, "a unit of work has one transaction at a time");
        _transaction = await db.Database.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellationToken);
        if (tenant.OrganizationId is not null || tenant.PrincipalId is not null)
        {
            await ApplyAsync(cancellationToken);
        }
    }

    /// <summary>From here to the end of the transaction, and in later ones of this scope, rows of this organization are visible.</summary>
    public async Task EnterOrganizationAsync(OrganizationId organization, CancellationToken cancellationToken)
    {
        tenant.OrganizationId = organization;
        await ApplyAsync(cancellationToken);
    }

    /// <summary>Names the principal whose own rows (idempotency keys, memberships) become visible.</summary>
    public async Task ActAsAsync(Guid principal, CancellationToken cancellationToken)
    {
        tenant.PrincipalId = principal;
        await ApplyAsync(cancellationToken);
    }

    public async Task CommitAsync(CancellationToken cancellationToken)
    {
        var transaction = Open();
        _transaction = null;
        await using (transaction)
        {
            await transaction.CommitAsync(cancellationToken);
        }
    }

    /// <summary>Rolls back and forgets what the context tracked, since it is no longer true. Harmless when nothing is open.</summary>
    public async Task RollbackAsync()
    {
        if (_transaction is null)
        {
            return;
        }

        var transaction = _transaction;
        _transaction = null;
        db.ChangeTracker.Clear();
        await transaction.DisposeAsync();
    }

    /// <summary>Gives up a transaction whose connection is broken; the next one takes a fresh connection.</summary>
    public async Task AbandonAsync()
    {
        var transaction = _transaction;
        _transaction = null;
        db.ChangeTracker.Clear();
        try
        {
            await (transaction?.DisposeAsync() ?? ValueTask.CompletedTask);
        }
        catch (Exception alreadyBroken) when (alreadyBroken is NpgsqlException or InvalidOperationException or IOException)
        {
            // There is nothing left to roll back: the server ended the transaction with the connection.
        }

        await db.Database.CloseConnectionAsync();
    }

    /// <summary>Work that may still use the connection when the unit of work is given up; disposal waits for it.</summary>
    public void DisposeAfter(Task work) => _work = work;

    public async ValueTask DisposeAsync()
    {
        await _work.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        if (_work.IsCompletedSuccessfully)
        {
            await RollbackAsync();
        }
        else
        {
            await AbandonAsync();
        }
    }

    private IDbContextTransaction Open()
    {
        Invariant.Require(_transaction is not null, "the transaction is open");
        return _transaction;
    }

    private async Task ApplyAsync(CancellationToken cancellationToken)
    {
        _ = Open();
        await using var command = Connection.CreateCommand();
        command.CommandText = "select set_config('cloud.organization_id', $1, true), set_config('cloud.principal_id', $2, true)";
        command.Parameters.Add(new NpgsqlParameter { Value = tenant.OrganizationId?.Value.ToString() ?? string.Empty });
        command.Parameters.Add(new NpgsqlParameter { Value = tenant.PrincipalId?.ToString() ?? string.Empty });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
