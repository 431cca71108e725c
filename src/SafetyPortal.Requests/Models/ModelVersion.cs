using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Data;

namespace SafetyPortal.Requests.Models;

/// <summary>An unedited model that requests start from: a diffusers folder under the configured model root.</summary>
public sealed class ModelVersion : IVersioned, IAudited
{
    public long Id { get; private set; }

    /// <summary>Unique name, for example "demo".</summary>
    public required string Name { get; init; }

    /// <summary>Folder name under the model root; never a path.</summary>
    public required string Folder { get; init; }

    /// <summary>Digest of the weights (64 hexadecimal digits), checked when the model is loaded.</summary>
    public required string Digest { get; init; }

    /// <summary>Things the model draws, by its own prompt sets: the request page offers them, and style prompts use them as contexts.</summary>
    public List<string> Objects { get; init; } = [];

    /// <summary>Styles the model draws in, by its own prompt sets.</summary>
    public List<string> Styles { get; init; } = [];

    /// <summary>True when people (or stand-ins) can be drawn unclothed, so that nudity can be requested.</summary>
    public bool DrawsNudity { get; init; }

    public required DateTimeOffset RegisteredAt { get; init; }

    public long Version { get; set; }
}

/// <summary>Makes a model known to the portal. Administrators, and the setup of the embedded model.</summary>
public sealed class RegisterModel(IDbContextFactory<PortalDb> databases)
{
    /// <summary>Registers the model; when the name is known with the same digest, returns that one.</summary>
    /// <exception cref="InvalidRequestException">A part is malformed, or the name is taken by a model with another digest.</exception>
    public async Task<ModelVersion> ExecuteAsync(Actor actor, ModelDescription model, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(actor);
        ArgumentNullException.ThrowIfNull(model);
        await using var write = await databases.BeginWriteAsync(cancellationToken);
        var (db, now) = write;
        if (actor != Actor.System("setup"))
            await db.DemandRoleAsync(actor, cancellationToken, Roles.Administrator);
        if (!WrittenText.IsLine(model.Name, 1, 80))
            throw new InvalidRequestException([new(nameof(model.Name), "A model's name has 1 to 80 characters, none of them invisible.")]);
        if (model.Folder.Length is < 1 or > 80 || model.Folder.StartsWith('.') || !model.Folder.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.'))
            throw new InvalidRequestException([new(nameof(model.Folder), $"A model's folder is one name of letters, digits, '-', '_' and '.', not \"{model.Folder}\".")]);
        if (!Artifacts.FolderArtifactStore.IsDigest(model.Digest))
            throw new InvalidRequestException([new(nameof(model.Digest), "A model's digest has 64 lower-case hexadecimal digits.")]);

        var known = await db.ModelVersions.SingleOrDefaultAsync(m => m.Name == model.Name, cancellationToken);
        if (known is not null)
        {
            return string.Equals(known.Digest, model.Digest, StringComparison.Ordinal)
                ? known
                : throw new InvalidRequestException([new(nameof(model.Digest), $"The model {model.Name} is registered with digest {known.Digest}, and the folder now has {model.Digest}; register changed weights under a new name.")]);
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
}
