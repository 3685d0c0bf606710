using Xunit;

namespace Cloud.TestKit;

/// <summary>One whole cloud for all tests of a collection.</summary>
public sealed class CloudFixture : IAsyncLifetime
{
    private CloudUnderTest? _cloud;

    public CloudUnderTest Cloud => _cloud ?? throw new InvalidOperationException("The fixture has not been initialized.");

    public async Task InitializeAsync() => _cloud = await CloudUnderTest.StartAsync();

    public async Task DisposeAsync()
    {
        if (_cloud is not null)
        {
            await _cloud.DisposeAsync();
        }
    }
}
