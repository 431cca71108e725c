using System.CommandLine;
using System.CommandLine.Parsing;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using SafetyPortal.Cli.Commands;
using SafetyPortal.Cli.Output;
using SafetyPortal.Erasure.Ablation;
using SafetyPortal.Images;
using SafetyPortal.Trials.Measuring;
using SafetyPortal.Trials.Models;
using SafetyPortal.Trials.Plans;

namespace SafetyPortal.Lab.Study;

/// <summary><c>portal study</c>: measures plain and improved edits, controls and probes for many concepts, and writes the page about them.</summary>
internal static class StudyCommand
{
    private static readonly JsonSerializerOptions Stored = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    public static Command Create()
    {
        var json = CommonOptions.Json();
        var model = CommonOptions.Model();
        var threads = CommonOptions.Threads();
        var seed = CommonOptions.Seed();
        var concepts = ConceptArgument.Many($"{ConceptArgument.Syntax}; may be repeated. Default: five objects, three styles and nudity.");
        var work = new Option<DirectoryInfo>("--work")
        {
            Description = "Folder for finished concepts; a study that was stopped goes on with them.",
            DefaultValueFactory = _ => new DirectoryInfo("data/study"),
        };
        var page = new Option<FileInfo?>("--out") { Description = "Page to write, with a folder of its name for contact sheets; none writes results only." };
        var targets = CommonOptions.Number("--targets", "Images of the concept per model.", 16);
        var perConcept = CommonOptions.Number("--per-concept", "Images of each other concept per model.", 3);
        var steps = CommonOptions.Number("--steps", "DDIM steps per image.", 12, most: 1000);
        var probes = ProbesOption.Create(noneToo: true);
        var budget = new Option<string>("--budget") { Description = "How hard the probes try: small or full.", DefaultValueFactory = _ => "small" };
        budget.AcceptOnlyFromAmong("small", "full");
        var command = new Command("study", "Compare edits, controls and probes over many concepts, and write the page about them.")
        {
            model, concepts, seed, targets, perConcept, steps, probes, budget, work, page, threads, json,
        };
        var backbones = new BackboneArguments();
        backbones.AddTo(command);
        command.SetGuardedAction(json, async (parsed, cancellation) =>
        {
            var settings = new StudySettings(
                parsed.GetValue(concepts) is { Length: > 0 } some ? some : StudySettings.EmbeddedConcepts,
                new EvaluationSize(parsed.GetValue(targets), parsed.GetValue(perConcept)),
                new PaintSettings(parsed.GetValue(steps), PaintSettings.DefaultGuidance, PaintSettings.DefaultBatch),
                parsed.GetValue(seed),
                ProbesOption.Codes(parsed.GetValue(probes)!),
                parsed.GetValue(budget)!,
                parsed.GetValue(threads));
            var folder = Directory.CreateDirectory(parsed.GetValue(work)!.FullName).FullName;
            var results = await ProgressDisplay.RunTorch(
                parsed.GetValue(json),
                parsed.GetValue(threads),
                progress => Run(parsed.GetValue(model)!, backbones.Read(parsed), folder, settings, progress, cancellation));
            if (parsed.GetValue(page) is { } file)
                WritePage(file, folder, results, CommandLine(parsed.Tokens));
            JsonText.Print(parsed.GetValue(json), results, () => string.Join('\n', results.SelectMany(Lines)));
            return ExitCode.Success;
        });
        return command;
    }

    /// <summary>The command line that makes a page again: as it was given, without what changes nothing on the page.</summary>
    internal static string CommandLine(IReadOnlyList<Token> tokens)
    {
        var words = new List<string> { "./portal" };
        for (var i = 0; i < tokens.Count; i++)
        {
            if (tokens[i].Value == "--work")
                i++; // and its value
            else if (tokens[i].Value != "--json")
                words.Add(Quoted(tokens[i].Value));
        }

        return string.Join(' ', words);

        static string Quoted(string text) =>
            text.Length > 0 && text.All(c => char.IsLetterOrDigit(c) || "-_./:,=".Contains(c, StringComparison.Ordinal)) ? text : $"'{text}'";
    }

    private static List<StudiedConcept> Run(
        DirectoryInfo modelFolder,
        BackboneOptions evaluation,
        string folder,
        StudySettings settings,
        IProgress<WorkStep> progress,
        CancellationToken cancellation)
    {
        if (!modelFolder.Exists)
            throw new DirectoryNotFoundException($"Expected a model folder at {modelFolder.FullName}, there is none.");
        using var model = LoadedModel.Load(modelFolder.FullName, evaluation: evaluation);
        var study = new ConceptComparison(model, settings, progress);
        var results = new List<StudiedConcept>();
        foreach (var concept in settings.Concepts)
        {
            var file = FileOf(folder, concept);
            if (Finished(file, settings.Fingerprint(model)) is { } known)
            {
                results.Add(known);
                continue;
            }

            var (result, sheet, patches) = study.Run(concept, cancellation);
            File.WriteAllBytes(Path.ChangeExtension(file, ".webp"), ImageCodec.EncodeWebp(sheet));
            foreach (var (code, patch) in patches)
                patch.Save(PatchOf(file, code));
            results.Add(Store(file, result));
        }

        // Probes take longest and come last: the tables are complete without them.
        return [.. results.Zip(settings.Concepts, (result, concept) => Probed(study, FileOf(folder, concept), concept, result, settings, cancellation))];
    }

    private static StudiedConcept Probed(
        ConceptComparison study, string file, ConceptArgument concept, StudiedConcept result, StudySettings settings, CancellationToken cancellation)
    {
        foreach (var arm in result.Arms.Where(a => File.Exists(PatchOf(file, a.Code))).ToList())
        {
            var missing = settings.MissingProbes(arm.RedTeam);
            if (missing.Count == 0)
                continue;
            var made = study.Probe(concept, arm.Code, AblationPatch.Load(PatchOf(file, arm.Code)), missing, cancellation);
            var found = settings.WithProbes(arm.RedTeam, made);
            result = Store(file, result with { Arms = [.. result.Arms.Select(a => a.Code == arm.Code ? a with { RedTeam = found } : a)] });
        }

        return result with { Arms = [.. result.Arms.Select(a => a with { RedTeam = settings.AskedProbes(a.RedTeam) })] };
    }

    private static StudiedConcept Store(string file, StudiedConcept result)
    {
        var pending = file + ".part";
        File.WriteAllText(pending, JsonSerializer.Serialize(result, Stored));
        File.Move(pending, file, overwrite: true);
        return result;
    }

    private static string FileOf(string folder, ConceptArgument concept) => Path.Combine(folder, $"{Slug(concept)}.json");

    private static string PatchOf(string file, string code) => Path.ChangeExtension(file, $".{code}.safetensors");

    private static StudiedConcept? Finished(string file, string fingerprint)
    {
        if (!File.Exists(file))
            return null;
        var result = JsonSerializer.Deserialize<StudiedConcept>(File.ReadAllText(file), Stored)
            ?? throw new JsonException($"Expected a studied concept in {file}, got null.");
        return result.Settings == fingerprint ? result : null;
    }

    private static void WritePage(FileInfo page, string folder, IReadOnlyList<StudiedConcept> results, string command)
    {
        var sheets = Path.ChangeExtension(page.FullName, null);
        Directory.CreateDirectory(sheets);
        string? Sheet(StudiedConcept concept)
        {
            var name = $"{Slug(new ConceptArgument(concept.Kind, concept.Name))}.webp";
            if (!File.Exists(Path.Combine(folder, name)))
                return null;
            File.Copy(Path.Combine(folder, name), Path.Combine(sheets, name), overwrite: true);
            return $"{Path.GetFileName(sheets)}/{name}";
        }

        File.WriteAllText(page.FullName, StudyPage.Write(results, command, [.. results.Select(r => r.Settings).Distinct(StringComparer.Ordinal)], Sheet));
    }

    /// <summary>Returns a concept's file name without extension. Names other than plain words get a digest, so that no two concepts share a file.</summary>
    internal static string Slug(ConceptArgument concept)
    {
        var key = ConceptName.KeyOf(concept.Name);
        var words = string.Concat(key.Select(c => char.IsAsciiLetterOrDigit(c) ? c : '-'));
        var isPlain = key.Length <= 60 && key.Replace(' ', '-') == words && !key.Contains('-', StringComparison.Ordinal);
        var digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)))[..8];
        return $"{concept.Kind.ToString().ToLowerInvariant()}-{(isPlain ? words : $"{words[..Math.Min(words.Length, 60)]}-{digest}")}";
    }

    private static IEnumerable<string> Lines(StudiedConcept concept) =>
        from arm in concept.Arms
        let target = arm.Metrics.Target.Detection
        let retention = arm.Metrics.Retention
        select $"{concept.Title,-18} {arm.Code,-10} target {target.After:0.00}  retained {retention.Mean:0.00} worst {retention.Worst:0.00}";
}
