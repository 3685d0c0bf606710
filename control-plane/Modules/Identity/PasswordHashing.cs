using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;

namespace Cloud.Modules.Identity;

/// <summary>
/// Hashes passwords with ASP.NET Core Identity's hasher: PBKDF2-HMAC-SHA512, 210,000 iterations (OWASP Password Storage Cheat Sheet).
/// Thread-safe; at most as many hashes at once as there are processors, since each occupies one for tens of milliseconds.
/// </summary>
internal sealed class PasswordHashing : IDisposable
{
    private const int Iterations = 210_000;

    private readonly PasswordHasher<PasswordHashing> _hasher =
        new(Options.Create(new PasswordHasherOptions { IterationCount = Iterations }));

    private readonly SemaphoreSlim _slots = new(Math.Max(1, Environment.ProcessorCount));
    private readonly Lazy<string> _decoy;

    public PasswordHashing() => _decoy = new Lazy<string>(() => _hasher.HashPassword(this, Guid.NewGuid().ToString()));

    public Task<string> HashAsync(string password, CancellationToken cancellationToken) =>
        RunAsync(() => _hasher.HashPassword(this, password), cancellationToken);

    /// <summary>Does the same work whether or not there is a hash, so that the time taken tells nobody who has an account.</summary>
    /// <param name="hash">Null when nobody has this address; the answer is false then.</param>
    public async Task<bool> VerifyAsync(string? hash, string password, CancellationToken cancellationToken)
    {
        var result = await RunAsync(() => _hasher.VerifyHashedPassword(this, hash ?? _decoy.Value, password), cancellationToken);
        return hash is not null && result != PasswordVerificationResult.Failed;
    }

    public void Dispose() => _slots.Dispose();

    private async Task<T> RunAsync<T>(Func<T> work, CancellationToken cancellationToken)
    {
        await _slots.WaitAsync(cancellationToken);
        try
        {
            return await Task.Run(work, cancellationToken);
        }
        finally
        {
            _slots.Release();
        }
    }
}
