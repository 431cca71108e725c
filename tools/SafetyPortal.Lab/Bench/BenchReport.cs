using System.Globalization;
using System.Text;
using System.Text.Json;

namespace SafetyPortal.Lab.Bench;

/// <summary>A table of measurements, and what they were made on.</summary>
/// <param name="Program">Which program was measured.</param>
/// <param name="Model">Its model folder.</param>
/// <param name="Parameters">Numbers in the UNet.</param>
/// <param name="Latent">Height and width of the latents.</param>
/// <param name="Threads">Threads of libtorch and its BLAS.</param>
/// <param name="Library">Tensor library.</param>
/// <param name="Cases">One entry per case.</param>
public sealed record BenchReport(string Program, string Model, long Parameters, int Latent, int Threads, string Library, IReadOnlyList<BenchMeasurement> Cases)
{
    /// <summary>Reads a report written by this command or by <c>benchmarks/reference.py</c>.</summary>
    /// <exception cref="InvalidDataException">The file is not one.</exception>
    public static BenchReport Read(string path)
    {
        if (!File.Exists(path))
            throw new FileNotFoundException($"Expected measurements at {path}, there is no such file.");
        try
        {
            var report = JsonSerializer.Deserialize<BenchReport>(File.ReadAllText(path), JsonSerializerOptions.Web);
            return report is { Cases: not null } ? report : throw new InvalidDataException($"Expected measurements in {path}, it has no cases.");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"Expected the JSON that benchmarks/reference.py writes in {path}: {e.Message}", e);
        }
    }

    /// <summary>Cases by line; with a reference, its times and ours divided by them.</summary>
    public string ToTable(BenchReport? reference)
    {
        var text = new StringBuilder();
        text.AppendLine(
            CultureInfo.InvariantCulture, $"{Model}: UNet of {Parameters:N0} parameters, latents of {Latent} x {Latent}, {Threads} threads, {Library}");
        if (reference is not null && (reference.Parameters != Parameters || reference.Threads != Threads || reference.Latent != Latent))
        {
            text.Append(CultureInfo.InvariantCulture, $"The reference was measured otherwise: {reference.Parameters:N0} parameters, ");
            text.AppendLine(CultureInfo.InvariantCulture, $"latents of {reference.Latent} x {reference.Latent}, {reference.Threads} threads.");
        }

        text.AppendLine(Line("case", "seconds", "reference", "ratio", "cpu s", "reference", "ratio", "peak MiB", "reference"));
        foreach (var ours in Cases)
        {
            var theirs = reference?.Cases.FirstOrDefault(c => c.Name == ours.Name);
            text.AppendLine(Line(
                ours.Name,
                Number(ours.Seconds), Number(theirs?.Seconds), Number(ours.Seconds / theirs?.Seconds),
                Number(ours.CpuSeconds), Number(theirs?.CpuSeconds), Number(ours.CpuSeconds / theirs?.CpuSeconds),
                Whole(ours.PeakMiB), Whole(theirs?.PeakMiB)));
        }

        foreach (var ours in Cases)
            text.AppendLine(CultureInfo.InvariantCulture, $"{ours.Name}: {ours.Note}");
        return text.ToString().TrimEnd();
    }

    private static string Line(string name, params string[] columns) => name.PadRight(26) + string.Concat(columns.Select(c => c.PadLeft(11)));

    private static string Number(double? value) => value is { } v ? v.ToString(v < 100 ? "0.000" : "0.0", CultureInfo.InvariantCulture) : "-";

    private static string Whole(long? value) => value?.ToString("N0", CultureInfo.InvariantCulture) ?? "-";
}
