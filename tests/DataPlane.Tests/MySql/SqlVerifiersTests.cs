using System.Text;
using Cloud.Contracts;
using Shouldly;
using Xunit;

namespace Cloud.DataPlane.Tests.MySql;

public sealed class SqlVerifiersTests
{
    [Fact]
    public void A_verifier_that_MySQL_wrote_matches_its_password()
    {
        // CREATE USER … IDENTIFIED BY 'foobar' on MySQL 8.0, mysql.user.authentication_string.
        var bytes = Convert.FromHexString(
            "24412430303524031A69251C34295C4B35167C7F1E5A7B63091349503974624D34504B5A424679354856336868686F52485A736E4A733368786E427575516C73446469496537");
        var verifier = Encoding.ASCII.GetString(bytes);
        SqlVerifiers.MatchesCachingSha2(verifier, "foobar"u8).ShouldBeTrue();
        SqlVerifiers.MatchesCachingSha2(verifier, "foobaz"u8).ShouldBeFalse();
        SqlVerifiers.CachingSha2("foobar", bytes.AsSpan(7, SqlVerifiers.SaltLength)).ShouldBe(verifier);
    }

    [Theory]
    [InlineData("")]
    [InlineData("secret")]
    [InlineData("пароль 漢字")]
    [InlineData("a password that is longer than the thirty-two bytes of one digest")]
    public void A_fresh_verifier_matches_its_own_password_only(string password)
    {
        var verifier = SqlVerifiers.CachingSha2(password);
        SqlVerifiers.IsCachingSha2(verifier).ShouldBeTrue();
        SqlVerifiers.MatchesCachingSha2(verifier, Encoding.UTF8.GetBytes(password)).ShouldBeTrue();
        SqlVerifiers.MatchesCachingSha2(verifier, Encoding.UTF8.GetBytes(password + "x")).ShouldBeFalse();
        SqlVerifiers.CachingSha2(password).ShouldNotBe(verifier);
    }

    [Fact]
    public void The_native_verifier_is_the_double_SHA1()
    {
        // The manual's example of PASSWORD('password').
        SqlVerifiers.Native("password").ShouldBe("*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19");
        SqlVerifiers.IsNative(SqlVerifiers.Native("x")).ShouldBeTrue();
        SqlVerifiers.IsNative("2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19").ShouldBeFalse();
        SqlVerifiers.MatchesCachingSha2("$A$005$short", "x"u8).ShouldBeFalse();
    }
}
