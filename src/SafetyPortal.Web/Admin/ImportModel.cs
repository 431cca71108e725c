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

/// <summary>A folder under the model root, and whether the portal knows it as a model.</summary>
public sealed record ModelFolderRow(string Name, ModelVersion? Registered);

/// <summary>
/// Makes folders under the configured root known as models. The folder is read completely before it is registered, so a broken one is
/// refused here with the reason instead of failing in a run.
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
        return [.. folders.Union(known.Keys, StringComparer.Ordinal).Order(StringComparer.Ordinal).Select(name => new ModelFolderRow(name, known.GetValueOrDefault(name)))];
    }

    /// <summary>Reads the folder, computes the digest of its weights and registers it.</summary>
    /// <exception cref="InvalidRequestException">The folder is no model that can be used; the message says what is missing or misshapen.</exception>
    public async Task<ModelVersion> ExecuteAsync(Actor actor, string folder, CancellationToken cancellationToken)
    {
        await using (var db = await databases.CreateDbContextAsync(cancellationToken))
            await db.DemandRoleAsync(actor, cancellationToken, Roles.Administrator);
        ModelDescription description;
        // Whatever reading a foreign folder throws is about that folder, and its text is what the administrator needs.
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

    // Also a folder without its index: that is a damaged model, and importing it says so. One with neither is something else.
    private static bool LooksLikeAModel(DirectoryInfo folder) =>
        !folder.Name.StartsWith('.') && (File.Exists(Path.Combine(folder.FullName, "model_index.json")) || Directory.Exists(Path.Combine(folder.FullName, "unet")));

    private ModelDescription Inspect(string folder)
    {
        // Loading everything once proves that a run can; the description alone would read only the part that is edited.
        using (LoadedModel.Load(ModelFolder.Resolve(settings.ModelRoot, folder), evaluation: worker.Evaluation))
            return ModelScan.Describe(settings.ModelRoot, folder, worker.Evaluation.Prompts);
    }
}
