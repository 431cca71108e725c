using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Data;

namespace SafetyPortal.Requests.Models;

/// <summary>An unedited model: a diffusers folder under the configured model root.</summary>
public sealed class ModelVersion : IVersioned, IAudited
{
    public long Id { get; private set; }

    /// <summary>Unique name, for example "demo".</summary>
    public required string Name { get; init; }

    /// <summary>Folder name under the model root; never a path.</summary>
    public required string Folder { get; init; }

    /// <summary>Digest of the UNet's weights, 64 hexadecimal digits.</summary>
    public required string Digest { get; init; }

    /// <summary>Things that its evaluation set asks for.</summary>
    public List<string> Objects { get; init; } = [];

    /// <summary>Styles that its evaluation set asks for.</summary>
    public List<string> Styles { get; init; } = [];

    /// <summary>Whether its evaluation set asks for unclothed people or stand-ins.</summary>
    public bool DrawsNudity { get; init; }

    public required DateTimeOffset RegisteredAt { get; init; }

    public long Version { get; set; }
}

/// <summary>Makes a model known to the portal. Administrators and the setup.</summary>
public sealed class RegisterModel(IDbContextFactory<PortalDb> databases)
{
    /// <summary>Registers the model; returns the registered one when the name is known with the same digest.</summary>
    /// <exception cref="InvalidRequestException">A part is malformed, or the name belongs to a model with another digest.</exception>
    public async Task<ModelVersion> ExecuteAsync(Actor actor, ModelDescription model, CancellationToken cancellationToken)
    {
        await using var write = await databases.BeginWriteAsync(cancellationToken);
        var (db, now) = write;
        if (actor != Actor.System("setup"))
            await db.DemandRoleAsync(actor, cancellationToken, Roles.Administrator);
        Demand(WrittenText.IsLine(model.Name, 1, 80), nameof(model.Name), "A model's name has 1 to 80 characters, none of them invisible.");
        Demand(
            model.Folder.Length is >= 1 and <= 80 && !model.Folder.StartsWith('.')
                && model.Folder.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.'),
            nameof(model.Folder), $"A model's folder is one name of letters, digits, '-', '_' and '.', not \"{model.Folder}\".");
        Demand(Artifacts.FolderArtifactStore.IsDigest(model.Digest), nameof(model.Digest), "A model's digest has 64 lower-case hexadecimal digits.");

        if (await db.ModelVersions.SingleOrDefaultAsync(m => m.Name == model.Name, cancellationToken) is { } known)
        {
            Demand(
                known.Digest == model.Digest, nameof(model.Digest),
                $"The model {model.Name} is registered with digest {known.Digest}, and the folder now has {model.Digest}; "
                    + "register changed weights under a new name.");
            return known;
        }
        var version = new ModelVersion
        {
            Name = model.Name,
            Folder = model.Folder,
            Digest = model.Digest,
            Objects = [.. model.Objects],
            Styles = [.. model.Styles],
            DrawsNudity = model.DrawsNudity,
            RegisteredAt = now,
        };
        db.ModelVersions.Add(version);
        db.Record(actor, "model.registered", () => $"model/{version.Id}", new { model.Name, model.Digest });
        await write.CommitAsync(cancellationToken);
        return version;
    }

    private static void Demand(bool fine, string field, string message)
    {
        if (!fine)
            throw new InvalidRequestException([new(field, message)]);
    }
}
