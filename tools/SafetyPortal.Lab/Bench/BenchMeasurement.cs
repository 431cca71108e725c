using System.Diagnostics;
using System.Globalization;
using System.Runtime;

namespace SafetyPortal.Lab.Bench;

/// <summary>What one case cost.</summary>
/// <param name="Name">One of <see cref="BenchCases.Names"/>.</param>
/// <param name="Seconds">Wall clock: the shortest of the runs, since everything that disturbs a run makes it longer.</param>
/// <param name="MedianSeconds">Wall clock: the median.</param>
/// <param name="CpuSeconds">Processor time of all threads, the least of the runs; other programs on the machine hardly change it.</param>
/// <param name="PeakMiB">Most memory resident at once during the case, with the model that is loaded; null where the system does not tell.</param>
/// <param name="Runs">Runs that were measured.</param>
/// <param name="Note">What was run, or how the figure was computed.</param>
/// <param name="Growth">What long work left behind; null but for the case that measures it.</param>
public sealed record BenchMeasurement(
    string Name, double Seconds, double MedianSeconds, double CpuSeconds, long? PeakMiB, int Runs, string Note, MemoryGrowth? Growth = null)
{
    /// <summary>Measures <paramref name="runs"/> runs of <paramref name="body"/>.</summary>
    public static BenchMeasurement Of(string name, string note, int runs, Action body)
    {
        ResetPeak();
        using var process = Process.GetCurrentProcess();
        var wall = new List<double>();
        var cpu = new List<double>();
        for (var run = 0; run < runs; run++)
        {
            process.Refresh();
            var before = process.TotalProcessorTime;
            var clock = Stopwatch.GetTimestamp();
            body();
            wall.Add(Stopwatch.GetElapsedTime(clock).TotalSeconds);
            process.Refresh();
            cpu.Add((process.TotalProcessorTime - before).TotalSeconds);
        }

        wall.Sort();
        return new BenchMeasurement(name, Round(wall[0]), Round(wall[wall.Count / 2]), Round(cpu.Min()), PeakMebibytes(), runs, note);
    }

    /// <summary>The same with all times multiplied.</summary>
    public BenchMeasurement Scaled(double factor, string note) => this with
    {
        Seconds = Round(Seconds * factor),
        MedianSeconds = Round(MedianSeconds * factor),
        CpuSeconds = Round(CpuSeconds * factor),
        Note = note,
    };

    private static double Round(double seconds) => Math.Round(seconds, 4);

    // Linux keeps the largest resident size of a process; writing 5 to clear_refs resets it to the present size.
    private static void ResetPeak()
    {
        try
        {
            File.WriteAllText("/proc/self/clear_refs", "5");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The figure is then the peak of the process so far.
        }
    }

    private static long? PeakMebibytes() => StatusMebibytes("VmHWM:");

    /// <summary>
    /// Returns the memory resident after a collection; null where the system does not tell. Without one the heap may hold garbage of the size of the
    /// processor's cache, some 70 MiB on large ones.
    /// </summary>
    internal static long? ResidentMebibytes()
    {
        // The runtime compiles methods that run often once more, in the background, and keeps that code.
        for (long compiled = -1; compiled != JitInfo.GetCompiledMethodCount();)
        {
            compiled = JitInfo.GetCompiledMethodCount();
            Thread.Sleep(TimeSpan.FromSeconds(1));
        }
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true); // gives memory back, too
        return StatusMebibytes("VmRSS:");
    }

    private static long? StatusMebibytes(string entry)
    {
        if (!File.Exists("/proc/self/status"))
            return null;
        var line = File.ReadLines("/proc/self/status").FirstOrDefault(l => l.StartsWith(entry, StringComparison.Ordinal));
        return line is null ? null : long.Parse(line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024;
    }
}

/// <summary>Memory and tensors early and at the end of a long piece of work that should keep neither.</summary>
/// <param name="BeforeMiB">Resident after the first part, which fills caches; null where the system does not tell.</param>
/// <param name="AfterMiB">Resident at the end.</param>
/// <param name="TensorsBefore">Live tensors after the first part.</param>
/// <param name="TensorsAfter">Live tensors at the end.</param>
public sealed record MemoryGrowth(long? BeforeMiB, long? AfterMiB, long TensorsBefore, long TensorsAfter);
