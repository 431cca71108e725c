using System.CommandLine;
using SafetyPortal.Cli.Evidence;
using SafetyPortal.Cli.Output;
using SafetyPortal.Requests.Evidence;
using SafetyPortal.Requests.Evidence.Pack;
using SafetyPortal.Requests.Signing;
using SafetyPortal.Trials.Models;

namespace SafetyPortal.Cli.Commands;

/// <summary><c>portal evidence export|verify</c>: the evidence of a decision as one file, and its check without the portal.</summary>
internal static class EvidenceCommand
{
    public static Command Create() => new("evidence", "Work with evidence packs.") { Export(), Verify() };

    private static Command Export()
    {
        var json = CommonOptions.Json();
        var request = new Argument<long>("request") { Description = "Number of the request." };
        var target = new Argument<FileInfo>("out") { Description = "Zip file to write; it must not exist." };
        var data = FolderOptions.Data();
        var command = new Command("export", "Write everything a decision rests on into one zip file.") { request, target, data, json };
        command.SetGuardedAction(json, async (parsed, cancellation) =>
        {
            var folder = FolderOptions.Existing(parsed.GetValue(data)!);
            var file = parsed.GetValue(target)!;
            await using var services = FolderOptions.Services(folder);
            await using (var stream = new FileStream(file.FullName, FileMode.CreateNew))
            {
                try
                {
                    await services.GetRequiredService<ExportEvidence>()
                        .ExecuteAsync(ExportEvidence.CommandLine, parsed.GetValue(request), stream, cancellation);
                }
                catch
                {
                    file.Delete();
                    throw;
                }
            }

            file.Refresh();
            JsonText.Print(
                parsed.GetValue(json), new { path = file.FullName, bytes = file.Length }, () => $"Wrote {file.FullName}, {file.Length:N0} bytes.");
            return ExitCode.Success;
        });
        return command;
    }

    private static Command Verify()
    {
        var json = CommonOptions.Json();
        var model = CommonOptions.Model();
        var path = new Argument<FileInfo>("pack") { Description = "Zip file of the evidence." };
        var rerun = CommonOptions.Number("--rerun", "Generate this many pairs again from the base model and the patch, and compare the pixels.", 0, least: 0);
        var trust = new Option<FileInfo[]>("--trust") { Description = "Public key (PEM) of the portal's history, known by other means; may be repeated." };
        var threads = CommonOptions.OptionalNumber("--threads", "Threads of the rerun; those of the evidence unless given.", 1, 1024);
        var command = new Command("verify", "Check a pack offline: every digest, signature and link, and that the decisions name its evidence.")
        {
            path, rerun, model, trust, threads, json,
        };
        var backbones = new BackboneArguments();
        backbones.AddTo(command);
        command.AddCheck(result =>
        {
            if (result.GetValue(rerun) == 0)
                result.RefuseIgnored("goes with --rerun, which generates images again.", [model, threads, .. backbones.Options]);
        });
        command.SetGuardedAction(json, async (parsed, cancellation) =>
        {
            var file = parsed.GetValue(path)!;
            if (!file.Exists)
                throw new FileNotFoundException($"Expected an evidence pack at {file.FullName}, there is none.");
            var wanted = parsed.GetValue(rerun);
            var asJson = parsed.GetValue(json);
            await using var stream = file.OpenRead();
            var report = await PackVerifier.VerifyAsync(stream, [.. (parsed.GetValue(trust) ?? []).Select(KeyId)], cancellation);
            var again = report.Sound && wanted > 0
                ? await RerunAsync(
                    stream, ModelLoading.Folder(parsed.GetValue(model)!), backbones.Read(parsed), wanted, parsed.GetValue(threads), asJson, cancellation)
                : null;
            var sound = report.Sound && again?.Passed != false;
            JsonText.Print(
                asJson,
                new { sound, report.FirstProblem, report.EvidenceDigest, report.AuditKeyId, report.WorkerKeyId, report.Trusted, report.Checks, rerun = again },
                () => PackText.Describe(report, again));
            return sound ? ExitCode.Success : ExitCode.CheckFailed;
        });
        return command;
    }

    private static async Task<RerunReport> RerunAsync(
        Stream stream, string model, BackboneOptions evaluation, int count, int? threads, bool quiet, CancellationToken cancellation)
    {
        using var pack = PackReader.Open(stream);
        var evidence = EvidenceDocument.FromBytes(await pack.ReadAsync(PackPath.Evidence, cancellation));
        return await ProgressDisplay.RunTorch(
            quiet,
            threads ?? evidence.Environment.Threads,
            progress => new PairRerun(pack, evidence).Run(
                model, evaluation, count, (done, total) => progress.Report(new WorkStep("rerun", done, total)), cancellation));
    }

    private static string KeyId(FileInfo file)
    {
        if (!file.Exists)
            throw new FileNotFoundException($"Expected a public key at {file.FullName}, there is none.");
        try
        {
            using var key = SigningKey.FromPem(File.ReadAllText(file.FullName));
            return key.Id;
        }
        catch (System.Security.Cryptography.CryptographicException error)
        {
            throw new InvalidDataException($"Expected a P-256 public key in PEM in {file.FullName}: {error.Message}", error);
        }
    }
}
