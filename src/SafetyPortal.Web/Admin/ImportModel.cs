using Microsoft.EntityFrameworkCore;
using SafetyPortal.Diffusion.Runtime;
using SafetyPortal.Requests;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Data;
using SafetyPortal.Requests.Models;
using SafetyPortal.Trials.Models;
using SafetyPortal.Web.Hosting;
using SafetyPortal.Worker;

namespace SafetyPortal.Web.Admin;

/// <summary>A folder under the model root with the model that it is registered as; null if it is not.</summary>
public sealed record ModelFolderRow(string Name, ModelVersion? Registered);

/// <summary>
/// Registers folders under the configured root as models. It reads the whole folder first, so a broken folder is refused here and does not fail in a run.
/// </summary>
public sealed class ImportModel(
    PortalSettings settings, IDbContextFactory<PortalDb> databases, RegisterModel register, TorchThread torch, WorkerOptions worker)
{
    public async Task<IReadOnlyList<ModelFolderRow>> FoldersAsync(CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var known = await db.ModelVersions.AsNoTracking().ToDictionaryAsync(m => m.Folder, StringComparer.Ordinal, cancellationToken);
        var folders = Directory.Exists(settings.ModelRoot)
            ? new DirectoryInfo(settings.ModelRoot).GetDirectories().Where(LooksLikeAModel).Select(folder => folder.Name)
            : [];
        var names = folders.Union(known.Keys, StringComparer.Ordinal).Order(StringComparer.Ordinal);
        return [.. names.Select(name => new ModelFolderRow(name, known.GetValueOrDefault(name)))];
    }

    /// <summary>Reads the folder, computes the digest of its weights and registers it.</summary>
    /// <exception cref="InvalidRequestException">The folder is not a usable model; the message names what is missing or misshapen.</exception>
    public async Task<ModelVersion> ExecuteAsync(Actor actor, string folder, CancellationToken cancellationToken)
    {
        await using (var db = await databases.CreateDbContextAsync(cancellationToken))
            await db.DemandRoleAsync(actor, cancellationToken, Roles.Administrator);
        ModelDescription description;
        // Any exception of the readers is about this folder, and the administrator needs its message.
        try
        {
            description = await torch.Run(() => Inspect(folder));
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            throw new InvalidRequestException([new("Folder", $"{folder} cannot be imported: {error.Message}")]);
        }
        return await register.ExecuteAsync(actor, description, cancellationToken);
    }

    // A folder without its index is a damaged model: the list shows it, and the import names what is missing.
    private static bool LooksLikeAModel(DirectoryInfo folder) => !folder.Name.StartsWith('.')
        && (File.Exists(Path.Combine(folder.FullName, "model_index.json")) || Directory.Exists(Path.Combine(folder.FullName, "unet")));

    private ModelDescription Inspect(string folder)
    {
        // Loading everything proves that a run can load it; the description reads only the part that an edit changes.
        using (LoadedModel.Load(ModelFolder.Resolve(settings.ModelRoot, folder), evaluation: worker.Evaluation))
            return ModelScan.Describe(settings.ModelRoot, folder, worker.Evaluation.Prompts);
    }
}
