namespace SafetyPortal.Lab.DemoWorld.World;

/// <summary>
/// SplitMix64 stream keyed by a seed and an index: scene 17 is the same whether or not scenes 0 to 16 were drawn, on any machine.
/// </summary>
/// <remarks>Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.</remarks>
public struct SceneRandom
{
    private ulong state;

    public SceneRandom(long seed, long index)
    {
        state = unchecked((ulong)seed * 0x9E3779B97F4A7C15UL);
        state = Next64() ^ unchecked((ulong)index * 0xD1B54A32D192ED03UL);
        Next64();
    }

    /// <summary>Uniform in [0, 1).</summary>
    public double NextDouble() => (Next64() >> 11) * (1.0 / (1UL << 53));

    /// <summary>Uniform in [<paramref name="low"/>, <paramref name="high"/>).</summary>
    public double Between(double low, double high) => low + (high - low) * NextDouble();

    /// <summary>Uniform in 0 .. <paramref name="count"/> - 1.</summary>
    public int Index(int count) => (int)(NextDouble() * count);

    /// <summary>True with the given probability.</summary>
    public bool Chance(double probability) => NextDouble() < probability;

    /// <summary>Standard normal (Box-Muller, one of the pair).</summary>
    public double Normal() => Math.Sqrt(-2 * Math.Log(1 - NextDouble())) * Math.Cos(2 * Math.PI * NextDouble());

    private ulong Next64()
    {
        unchecked
        {
            state += 0x9E3779B97F4A7C15UL;
            var z = state;
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
            return z ^ (z >> 31);
        }
    }
}
