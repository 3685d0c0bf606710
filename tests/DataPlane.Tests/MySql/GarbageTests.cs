using Cloud.Kernel;
using Shouldly;
using Xunit;

namespace Cloud.DataPlane.Tests.MySql;

public sealed class GarbageTests
{
    [Fact]
    public async Task Garbage_in_the_handshake_leaves_the_server_serving()
    {
        await using var fixture = ServerFixture.Start();
        var random = new SeededRandom(1);
        for (var i = 0; i < 200; i++)
        {
            using var client = await RawClient.ConnectAsync(fixture.Server.Port);
            var bytes = new byte[random.Next(1, 200)];
            random.NextBytes(bytes);
            if (random.Chance(0.7))
            {
                // A believable header, so that the content is looked at.
                bytes[0] = (byte)Math.Max(0, bytes.Length - 4);
                (bytes.Length > 3 ? bytes.AsSpan(1, 3) : default).Clear();
                if (bytes.Length > 3)
                {
                    bytes[3] = 1;
                }
            }

            await client.SendBytesAsync(bytes);
        }

        await AssertServesAsync(fixture);
    }

    [Fact]
    public async Task Garbage_in_place_of_commands_leaves_the_server_serving()
    {
        await using var fixture = ServerFixture.Start();
        var random = new SeededRandom(2);
        for (var i = 0; i < 200; i++)
        {
            using var client = await RawClient.ConnectAsync(fixture.Server.Port);
            await client.LogInAsync("empty");
            for (var commands = random.Next(1, 5); commands > 0; commands--)
            {
                var bytes = new byte[random.Next(40)];
                random.NextBytes(bytes);
                if (bytes.Length > 0 && random.Chance(0.8))
                {
                    bytes[0] = (byte)random.Next(32);
                }

                try
                {
                    await client.SendAsync(bytes, sequence: (byte)(random.Chance(0.9) ? 0 : 5));
                }
                catch (System.Net.Sockets.SocketException)
                {
                    break; // The server has had enough of this client.
                }
            }
        }

        await AssertServesAsync(fixture);
    }

    [Fact]
    public async Task Packets_out_of_order_are_told_so()
    {
        await using var fixture = ServerFixture.Start();
        using var client = await RawClient.ConnectAsync(fixture.Server.Port);
        await client.LogInAsync("empty");
        await client.SendAsync([14], sequence: 3);
        var answer = await client.ReadPacketAsync();
        answer[0].ShouldBe((byte)0xFF);
        BitConverter.ToUInt16(answer, 1).ShouldBe((ushort)1156);
        (await client.ReadToEndAsync()).ShouldBe(0);
    }

    [Fact]
    public async Task Unknown_and_refused_commands_answer_with_an_error_and_go_on()
    {
        await using var fixture = ServerFixture.Start();
        using var client = await RawClient.ConnectAsync(fixture.Server.Port);
        await client.LogInAsync("empty");
        await ExpectErrorAsync([5], 1047);
        await ExpectErrorAsync([28, 1, 0, 0, 0, 1, 0, 0, 0], 1421);
        await ExpectErrorAsync([27, 7, 0], 1047);
        await ExpectErrorAsync([26, 9, 0, 0, 0], 1243);
        await ExpectErrorAsync([12, 99, 0, 0, 0], 1094);
        await client.SendAsync([9]);
        System.Text.Encoding.UTF8.GetString(await client.ReadPacketAsync()).ShouldStartWith("Questions: ");
        await client.SendAsync([2, .. "shop"u8]);
        (await client.ReadPacketAsync())[0].ShouldBe((byte)0);
        await client.SendAsync([27, 0, 0]);
        (await client.ReadPacketAsync())[0].ShouldBe((byte)0xFE);

        async Task ExpectErrorAsync(byte[] command, ushort number)
        {
            await client.SendAsync(command);
            var answer = await client.ReadPacketAsync();
            answer[0].ShouldBe((byte)0xFF);
            BitConverter.ToUInt16(answer, 1).ShouldBe(number);
        }
    }

    [Fact]
    public async Task A_connection_becomes_another_user_and_is_ended_when_that_is_denied()
    {
        await using var fixture = ServerFixture.Start();
        using var client = await RawClient.ConnectAsync(fixture.Server.Port);
        await client.LogInAsync("empty");
        fixture.Handler.Add("other", string.Empty);
        await ChangeUserAsync("other");
        (await client.ReadPacketAsync())[0].ShouldBe((byte)0);
        fixture.Handler.Requests[^1].Account.Name.ShouldBe("other");
        fixture.Handler.Requests[^1].Database.ShouldBe("shop");

        await ChangeUserAsync("nobody");
        BitConverter.ToUInt16(await client.ReadPacketAsync(), 1).ShouldBe((ushort)1045);
        (await client.ReadToEndAsync()).ShouldBe(0);

        async Task ChangeUserAsync(string user)
        {
            await client.SendAsync([17, .. System.Text.Encoding.UTF8.GetBytes(user), 0, 0, .. "shop"u8, 0, 45, 0]);
            (await client.ReadPacketAsync())[0].ShouldBe((byte)0xFE);
            await client.SendAsync([], sequence: 2);
        }
    }

    private static async Task AssertServesAsync(ServerFixture fixture)
    {
        await using var connection = await fixture.ConnectAsync();
        (await connection.QueryAsync("hello", Deadline.Token)).Scalar.ShouldBe("hello");
    }
}
