using System.Data.Common;
using Microsoft.AspNetCore.Identity;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Audit;
using SafetyPortal.Requests.Policies;

namespace SafetyPortal.Requests.Data;

/// <summary>Opens the database and brings it up to date.</summary>
public static class PortalDbSetup
{
    /// <summary>Points the context to a SQLite file, with foreign keys and a 30 s busy timeout.</summary>
    public static DbContextOptionsBuilder UsePortalSqlite(this DbContextOptionsBuilder options, string path)
    {
        var connection = new SqliteConnectionStringBuilder { DataSource = path, ForeignKeys = true, DefaultTimeout = 30 };
        return options.UseSqlite(connection.ToString()).AddInterceptors(BusyTimeout.Instance);
    }

    /// <summary>Returns a context on a SQLite file, outside of dependency injection.</summary>
    public static PortalDb Open(string path, TimeProvider time)
    {
        var options = new DbContextOptionsBuilder<PortalDb>();
        options.UsePortalSqlite(path);
        return new PortalDb(options.Options, time);
    }

    /// <summary>Applies missing migrations, switches to write-ahead logging, and adds the roles and the default policy. Safe to repeat.</summary>
    /// <exception cref="InvalidDataException">Another build made the database, with migrations that this one does not have. Nothing was changed.</exception>
    public static async Task MigrateAsync(IDbContextFactory<PortalDb> databases, TimeProvider time, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        if ((await db.Database.GetAppliedMigrationsAsync(cancellationToken)).Except(db.Database.GetMigrations()).FirstOrDefault() is { } unknown)
        {
            var folder = Path.GetDirectoryName(Path.GetFullPath(db.Database.GetDbConnection().DataSource));
            throw new InvalidDataException(
                $"The data folder {folder} is of another build: its database has the migration {unknown}, which this build does not know. Nothing was changed. "
                + "Move the folder away or choose another one with --data or Portal:DataFolder; the build that made it can still open it.");
        }
        // MigrateAsync takes a lock row, which a killed process leaves behind: an up-to-date database must not need it.
        if ((await db.Database.GetPendingMigrationsAsync(cancellationToken)).Any())
            await db.Database.MigrateAsync(cancellationToken);
        await db.Database.ExecuteSqlRawAsync("PRAGMA journal_mode = WAL;", cancellationToken);
        await SeedAsync(db, time.GetUtcNow(), cancellationToken);
    }

    private static async Task SeedAsync(PortalDb db, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using var write = await db.BeginWriteAsync(cancellationToken);
        var known = await db.Roles.Select(role => role.Name).ToListAsync(cancellationToken);
        foreach (var role in Roles.All.Where(role => !known.Contains(role)))
            db.Roles.Add(new IdentityRole(role) { NormalizedName = role.ToUpperInvariant() });
        if (!await db.PolicyVersions.AnyAsync(cancellationToken))
        {
            var json = CanonicalJson.Serialize(PolicyDocument.Default);
            var setup = Actor.System("setup");
            db.PolicyVersions.Add(new PolicyVersion { Digest = CanonicalJson.DigestOfText(json), Json = json, AddedByName = setup.Name, AddedAt = now });
            db.Record(setup, "policy.changed", "policy/1", PolicyDocument.Default);
        }
        await write.CommitAsync(cancellationToken);
    }

    /// <summary>Lets SQLite itself wait for a busy database: the library's own wait sleeps 150 ms at a time.</summary>
    private sealed class BusyTimeout : DbConnectionInterceptor
    {
        public static readonly BusyTimeout Instance = new();

        public override void ConnectionOpened(DbConnection connection, ConnectionEndEventData eventData)
        {
            using var command = connection.CreateCommand();
            command.CommandText = "PRAGMA busy_timeout = 30000;";
            command.ExecuteNonQuery();
        }

        // SQLite answers from this process, so there is nothing to await.
        public override Task ConnectionOpenedAsync(DbConnection connection, ConnectionEndEventData eventData, CancellationToken cancellationToken = default)
        {
            ConnectionOpened(connection, eventData);
            return Task.CompletedTask;
        }
    }
}
