using System.Globalization;
using SafetyPortal.Lab.DemoWorld.Captions;
using SafetyPortal.Lab.DemoWorld.World;

namespace SafetyPortal.Lab.DemoWorld.Stages;

/// <summary>The embedded model's evaluation sets: one CSV per concept kind, every prompt with the seed of its noise.</summary>
public static class EvaluationPrompts
{
    private const int FirstSeed = 4_100;

    /// <summary>Writes objects.csv (every object in every style, three seeds), mannequins.csv (twelve seeds) and styles.csv.</summary>
    public static void Write(string directory)
    {
        Directory.CreateDirectory(directory);
        Save("objects", Vocabulary.Objects.SelectMany(subject => Vocabulary.Styles.SelectMany(style => Enumerable.Repeat((subject, style), 3))));
        Save("mannequins", Vocabulary.Mannequins.SelectMany(subject => Enumerable.Repeat((subject, Vocabulary.NoStyle), 12)));
        Save("styles", Vocabulary.Styles.SelectMany(style => Vocabulary.Objects.Select(subject => (subject, style))));

        void Save(string name, IEnumerable<(string Subject, string Style)> rows) => File.WriteAllLines(
            Path.Combine(directory, name + ".csv"),
            rows.Select((row, i) => string.Create(
                    CultureInfo.InvariantCulture, $"{CaptionWriter.Of(row.Subject, row.Style)},{FirstSeed + i},{row.Subject},{row.Style}"))
                .Prepend("prompt,evaluation_seed,class,style"));
    }
}
