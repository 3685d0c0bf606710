using System.Numerics;
using System.Text;
using Cloud.Execution.Types;
using Cloud.Kernel;
using Shouldly;
using Xunit;

namespace Cloud.DataPlane.Tests.Execution.Types;

public sealed class MySqlDecimalTests
{
    private const int Rounds = 20_000;

    [Theory]
    [InlineData("0", "0", ConversionStatus.Ok)]
    [InlineData("-0.00", "0.00", ConversionStatus.Ok)]
    [InlineData("  +12.50", "12.50", ConversionStatus.Ok)]
    [InlineData(".5", "0.5", ConversionStatus.Ok)]
    [InlineData("5.", "5", ConversionStatus.Ok)]
    [InlineData("1e3", "1000", ConversionStatus.Ok)]
    [InlineData("-1.25E-2", "-0.0125", ConversionStatus.Ok)]
    [InlineData("1e", "1", ConversionStatus.Truncated)]
    [InlineData("12abc", "12", ConversionStatus.Truncated)]
    [InlineData("12  ", "12", ConversionStatus.Ok)]
    [InlineData("abc", "0", ConversionStatus.Invalid)]
    [InlineData("", "0", ConversionStatus.Invalid)]
    [InlineData(".", "0", ConversionStatus.Invalid)]
    [InlineData("1e66", "99999999999999999999999999999999999999999999999999999999999999999", ConversionStatus.Overflow)]
    [InlineData("-1e900000000000", "-99999999999999999999999999999999999999999999999999999999999999999", ConversionStatus.Overflow)]
    [InlineData("1e-40", "0.000000000000000000000000000000", ConversionStatus.Truncated)]
    [InlineData("0.1234567890123456789012345678905", "0.123456789012345678901234567891", ConversionStatus.Truncated)]
    public void Text_is_read_as_MySQL_reads_it(string text, string expected, ConversionStatus status)
    {
        MySqlDecimal.Parse(Encoding.ASCII.GetBytes(text), out var value).ShouldBe(status);
        value.ToString().ShouldBe(expected);
    }

    [Fact]
    public void Sums_products_and_quotients_equal_those_of_big_integers()
    {
        var random = new SeededRandom(1);
        for (var i = 0; i < Rounds; i++)
        {
            var (left, right) = (Model.Next(random), Model.Next(random));
            Check(left.Add(right), MySqlDecimal.TryAdd(left.Value, right.Value, out var sum), sum);
            Check(left.Subtract(right), MySqlDecimal.TrySubtract(left.Value, right.Value, out var difference), difference);
            Check(left.Multiply(right), MySqlDecimal.TryMultiply(left.Value, right.Value, out var product), product);
            if (!right.Magnitude.IsZero)
            {
                Check(left.Divide(right), MySqlDecimal.TryDivide(left.Value, right.Value, out var quotient), quotient);
            }
        }
    }

    [Fact]
    public void Order_equality_and_hash_go_by_value()
    {
        var random = new SeededRandom(2);
        for (var i = 0; i < Rounds; i++)
        {
            var (left, right) = (Model.Next(random), Model.Next(random));
            left.Value.CompareTo(right.Value).ShouldBe(left.OrderTo(right), $"{left.Value} and {right.Value}");
            var wider = left.Value.Round(Math.Min(left.Value.Scale + 3, MySqlDecimal.ScaleMax));
            wider.ShouldBe(left.Value);
            wider.GetHashCode().ShouldBe(left.Value.GetHashCode());
        }
    }

    [Fact]
    public void Text_survives_a_round_trip()
    {
        var random = new SeededRandom(3);
        for (var i = 0; i < Rounds; i++)
        {
            var model = Model.Next(random);
            var text = model.Value.ToString();
            text.ShouldBe(model.Text());
            var again = MySqlDecimal.Parse(text);
            again.ShouldBe(model.Value);
            again.Scale.ShouldBe(model.Value.Scale);
        }
    }

    [Fact]
    public void The_binary_form_survives_a_round_trip_and_sorts_as_the_values()
    {
        var random = new SeededRandom(4);
        var left = new byte[40];
        var right = new byte[40];
        for (var i = 0; i < Rounds; i++)
        {
            var scale = random.Next(MySqlDecimal.ScaleMax + 1);
            var precision = random.Next(Math.Max(scale, 1), MySqlDecimal.PrecisionMax + 1);
            Model.Next(random).Value.Fit(precision, scale, out var a);
            Model.Next(random).Value.Fit(precision, scale, out var b);
            var length = a.EncodeBinary(precision, scale, left);
            length.ShouldBe(MySqlDecimal.BinarySize(precision, scale));
            MySqlDecimal.DecodeBinary(left, precision, scale, out var again).ShouldBe(length);
            again.ShouldBe(a);
            b.EncodeBinary(precision, scale, right);
            Math.Sign(left.AsSpan(0, length).SequenceCompareTo(right.AsSpan(0, length))).ShouldBe(a.CompareTo(b), $"{a} and {b}");
        }
    }

    [Fact]
    public void The_binary_form_is_that_of_the_manual()
    {
        // The example of MySQL's source documentation: 1234567890.1234 as DECIMAL(14,4), and its negative.
        var bytes = new byte[8];
        MySqlDecimal.Parse("1234567890.1234").EncodeBinary(14, 4, bytes).ShouldBe(7);
        Convert.ToHexString(bytes.AsSpan(0, 7)).ShouldBe("810DFB38D204D2");
        MySqlDecimal.Parse("-1234567890.1234").EncodeBinary(14, 4, bytes);
        Convert.ToHexString(bytes.AsSpan(0, 7)).ShouldBe("7EF204C72DFB2D");
    }

    [Theory]
    [InlineData("1", "3", "0.3333")]
    [InlineData("2", "3", "0.6667")]
    [InlineData("-2", "3", "-0.6667")]
    [InlineData("1.00", "8", "0.125000")]
    [InlineData("0.00000000000000000000000000001", "2", "0.000000000000000000000000000005")]
    public void Quotients_have_four_digits_more_than_the_dividend(string left, string right, string expected)
    {
        MySqlDecimal.TryDivide(MySqlDecimal.Parse(left), MySqlDecimal.Parse(right), out var quotient).ShouldBeTrue();
        quotient.ToString().ShouldBe(expected);
    }

    [Theory]
    [InlineData("2.5", 0, DecimalRounding.HalfAwayFromZero, "3")]
    [InlineData("-2.5", 0, DecimalRounding.HalfAwayFromZero, "-3")]
    [InlineData("2.49", 1, DecimalRounding.HalfAwayFromZero, "2.5")]
    [InlineData("-2.9", 0, DecimalRounding.Truncate, "-2")]
    [InlineData("-2.1", 0, DecimalRounding.Floor, "-3")]
    [InlineData("2.1", 0, DecimalRounding.Ceiling, "3")]
    [InlineData("1550", -2, DecimalRounding.HalfAwayFromZero, "1600")]
    [InlineData("49", -2, DecimalRounding.HalfAwayFromZero, "0")]
    [InlineData("1.5", 3, DecimalRounding.HalfAwayFromZero, "1.500")]
    public void Rounding_goes_half_away_from_zero_or_as_told(string text, int scale, DecimalRounding rounding, string expected) =>
        MySqlDecimal.Parse(text).Round(scale, rounding).ToString().ShouldBe(expected);

    [Theory]
    [InlineData("999.995", 5, 2, "999.99", ConversionStatus.Overflow)]
    [InlineData("-1000", 5, 2, "-999.99", ConversionStatus.Overflow)]
    [InlineData("1.005", 5, 2, "1.01", ConversionStatus.Truncated)]
    [InlineData("1.5", 5, 2, "1.50", ConversionStatus.Ok)]
    public void A_column_takes_what_fits(string text, int precision, int scale, string expected, ConversionStatus status)
    {
        MySqlDecimal.Parse(text).Fit(precision, scale, out var fitted).ShouldBe(status);
        fitted.ToString().ShouldBe(expected);
    }

    [Fact]
    public void Doubles_and_integers_convert_both_ways()
    {
        MySqlDecimal.FromDouble(0.1, out var tenth).ShouldBe(ConversionStatus.Ok);
        tenth.ToString().ShouldBe("0.1");
        tenth.ToDouble().ShouldBe(0.1);
        MySqlDecimal.FromDouble(double.PositiveInfinity, out _).ShouldBe(ConversionStatus.Overflow);
        ((MySqlDecimal)long.MinValue).ToInt64(out var smallest).ShouldBe(ConversionStatus.Ok);
        smallest.ShouldBe(long.MinValue);
        ((MySqlDecimal)ulong.MaxValue).ToUInt64(out var largest).ShouldBe(ConversionStatus.Ok);
        largest.ShouldBe(ulong.MaxValue);
        ((MySqlDecimal)ulong.MaxValue).ToInt64(out var clamped).ShouldBe(ConversionStatus.Overflow);
        clamped.ShouldBe(long.MaxValue);
        MySqlDecimal.Parse("-0.5").ToInt64(out var rounded).ShouldBe(ConversionStatus.Truncated);
        rounded.ShouldBe(-1);

        var random = new SeededRandom(5);
        for (var i = 0; i < Rounds; i++)
        {
            var model = Model.Next(random);
            model.Value.ToDouble().ShouldBe(double.Parse(model.Text()), $"{model.Value}");
        }
    }

    private static void Check(Model? expected, bool succeeded, MySqlDecimal actual)
    {
        succeeded.ShouldBe(expected is not null);
        if (expected is not null)
        {
            actual.ToString().ShouldBe(expected.Text());
        }
    }

    /// <summary>The naive model: an integer of any size and a scale.</summary>
    private sealed record Model(BigInteger Magnitude, int Scale)
    {
        public MySqlDecimal Value => MySqlDecimal.Parse(Text());

        public static Model Next(SeededRandom random)
        {
            // Short numbers are common, as in tables; long ones reach every wide path.
            var digits = random.Chance(0.5) ? random.Next(1, 12) : random.Next(1, MySqlDecimal.PrecisionMax + 1);
            var magnitude = BigInteger.Zero;
            for (var i = 0; i < digits; i++)
            {
                magnitude = (magnitude * 10) + (random.Chance(0.2) ? 0 : random.Next(10));
            }

            return new Model(random.Chance(0.5) ? -magnitude : magnitude, random.Next(Math.Min(digits, MySqlDecimal.ScaleMax) + 1));
        }

        public Model? Add(Model other) => Fit(Scaled(other) + other.Scaled(this), Math.Max(Scale, other.Scale));

        public Model? Subtract(Model other) => Fit(Scaled(other) - other.Scaled(this), Math.Max(Scale, other.Scale));

        public Model? Multiply(Model other) => Fit(Magnitude * other.Magnitude, Scale + other.Scale);

        public Model? Divide(Model other)
        {
            var scale = Math.Min(Scale + 4, MySqlDecimal.ScaleMax);
            return Fit(
                RoundedQuotient(
                    Magnitude * BigInteger.Pow(10, other.Scale + scale), other.Magnitude * BigInteger.Pow(10, Scale)),
                scale);
        }

        public int OrderTo(Model other) => Scaled(other).CompareTo(other.Scaled(this));

        public string Text()
        {
            var digits = BigInteger.Abs(Magnitude).ToString().PadLeft(Scale + 1, '0');
            var text = Scale == 0 ? digits : digits[..^Scale] + "." + digits[^Scale..];
            return Magnitude.Sign < 0 ? "-" + text : text;
        }

        private static Model? Fit(BigInteger magnitude, int scale)
        {
            var dropped = Math.Max(scale - MySqlDecimal.ScaleMax, Digits(magnitude) - MySqlDecimal.PrecisionMax);
            if (dropped > scale)
            {
                return null;
            }

            return dropped <= 0
                ? new Model(magnitude, scale)
                : Fit(RoundedQuotient(magnitude, BigInteger.Pow(10, dropped)), scale - dropped);
        }

        private static int Digits(BigInteger value) => value.IsZero ? 0 : BigInteger.Abs(value).ToString().Length;

        private static BigInteger RoundedQuotient(BigInteger dividend, BigInteger divisor)
        {
            var twice = ((BigInteger.Abs(dividend) * 2) + BigInteger.Abs(divisor)) / (BigInteger.Abs(divisor) * 2);
            return dividend.Sign * divisor.Sign < 0 ? -twice : twice;
        }

        private BigInteger Scaled(Model other) => Magnitude * BigInteger.Pow(10, Math.Max(0, other.Scale - Scale));
    }
}
