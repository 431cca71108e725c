using System.Globalization;
using SafetyPortal.Images;

namespace SafetyPortal.Lab.DemoWorld.Training;

/// <summary>Keeps the loss of a run as CSV and draws it.</summary>
public sealed class LossCurve : IDisposable
{
    private const int Width = 640;
    private const int Height = 320;
    private readonly string csv;
    private readonly List<(long Step, double Loss)> points = [];
    private readonly StreamWriter writer;

    /// <param name="settings">Name and folder.</param>
    /// <param name="resumeAt">The curve drops rows after this step, which the run computes again.</param>
    public LossCurve(TrainingSettings settings, long resumeAt)
    {
        csv = Path.Combine(settings.WorkDirectory, settings.Name + ".loss.csv");
        string[] kept = File.Exists(csv) ? [.. File.ReadLines(csv).Skip(1).Where(line => StepOf(line) <= resumeAt)] : [];
        foreach (var line in kept)
            points.Add((StepOf(line), double.Parse(line.Split(',')[1], CultureInfo.InvariantCulture)));
        writer = new StreamWriter(csv, append: false) { AutoFlush = true };
        writer.WriteLine("step,loss,learning_rate");
        foreach (var line in kept)
            writer.WriteLine(line);
    }

    public void Add(long step, double loss, double rate)
    {
        points.Add((step, loss));
        writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{step},{loss:g6},{rate:g6}"));
    }

    /// <summary>Writes the curve as PNG next to the CSV: steps across, logarithm of the loss upwards.</summary>
    public void Draw()
    {
        var positive = points.Where(p => p.Loss > 0).ToList();
        if (positive.Count < 2)
            return;
        var (low, high) = (Math.Log(positive.Min(p => p.Loss)), Math.Log(positive.Max(p => p.Loss)));
        var pixels = new byte[Width * Height * 3];
        Array.Fill(pixels, (byte)255);
        foreach (var (step, loss) in positive)
        {
            var x = (int)((Width - 3) * (double)step / positive[^1].Step);
            var y = (int)((Height - 3) * (1 - (Math.Log(loss) - low) / Math.Max(high - low, 1e-9)));
            for (var i = 0; i < 9; i++)
            {
                var at = ((y + i / 3) * Width + x + i % 3) * 3;
                (pixels[at], pixels[at + 1], pixels[at + 2]) = (30, 80, 160);
            }
        }

        File.WriteAllBytes(Path.ChangeExtension(csv, ".png"), ImageCodec.EncodePng(new Raster(Width, Height, 3, pixels)));
    }

    public void Dispose() => writer.Dispose();

    private static long StepOf(string line) => long.Parse(line.Split(',')[0], CultureInfo.InvariantCulture);
}
