namespace Cloud.Kernel;

/// <summary>
/// A small random generator whose sequence depends on its seed alone, on every machine and in every version of .NET.
/// Source: Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators" (SplitMix64). Not for secrets. Not thread-safe.
/// </summary>
public sealed class SeededRandom(ulong seed)
{
    private ulong _state = seed;

    /// <summary>The next 64 bits.</summary>
    public ulong NextUInt64()
    {
        var z = _state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>A number in [0, <paramref name="exclusiveMax"/>), without modulo bias (Lemire's multiplication).</summary>
    public int Next(int exclusiveMax)
    {
        Invariant.Require(exclusiveMax > 0, $"the bound must be positive: {exclusiveMax}");
        return (int)Math.BigMul(NextUInt64(), (ulong)exclusiveMax, out _);
    }

    /// <summary>A number in [<paramref name="min"/>, <paramref name="exclusiveMax"/>).</summary>
    public int Next(int min, int exclusiveMax) => min + Next(exclusiveMax - min);

    /// <summary>A number in [0, 1) with 53 random bits.</summary>
    public double NextDouble() => (NextUInt64() >> 11) * (1.0 / (1UL << 53));

    /// <summary>True with the probability given.</summary>
    public bool Chance(double probability) => NextDouble() < probability;

    /// <summary>Fills <paramref name="buffer"/>.</summary>
    public void NextBytes(Span<byte> buffer)
    {
        for (var i = 0; i < buffer.Length; i += 8)
        {
            var bits = NextUInt64();
            for (var j = i; j < Math.Min(i + 8, buffer.Length); j++, bits >>= 8)
            {
                buffer[j] = (byte)bits;
            }
        }
    }

    /// <summary>An independent generator, for a component that must not disturb the sequence of its siblings.</summary>
    public SeededRandom Split() => new(NextUInt64());
}
