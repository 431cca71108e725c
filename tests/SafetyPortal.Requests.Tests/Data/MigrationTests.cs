using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using SafetyPortal.Requests.Data;

namespace SafetyPortal.Requests.Tests.Data;

public class MigrationTests : PortalTest
{
    [Fact]
    public void Model_ComparedWithNewestMigration_HasNothingNew()
    {
        using var db = new DesignTimeFactory().CreateDbContext([]);

        db.Database.HasPendingModelChanges().ShouldBeFalse("docs/operations.md says how to add a migration");
    }

    [Fact]
    public async Task Migrate_Twice_LeavesOnePolicyAndFourRoles()
    {
        await PortalDbSetup.MigrateAsync(Databases, Clock, default);

        await using var db = await OpenAsync();
        (await db.PolicyVersions.CountAsync()).ShouldBe(1);
        (await db.Roles.CountAsync()).ShouldBe(4);
    }

    [Fact]
    public async Task Migrate_NewFile_UsesWriteAheadLogForeignKeysAndBusyTimeout()
    {
        await using var db = await OpenAsync();

        (await PragmaAsync(db, "journal_mode")).ShouldBe("wal");
        (await PragmaAsync(db, "foreign_keys")).ShouldBe("1");
        (await PragmaAsync(db, "busy_timeout")).ShouldBe("30000");
    }

    [Fact]
    public async Task Migrate_DatabaseOfAnOlderBuild_IsRefusedWithItsFolderAndLeftAsItIs()
    {
        var folder = Directory.CreateTempSubdirectory("older-build");
        try
        {
            var path = Path.Combine(folder.FullName, DataFolder.DatabaseName);
            await using (var old = PortalDbSetup.Open(path, TimeProvider.System))
            {
                await old.Database.ExecuteSqlRawAsync(
                    """
                    CREATE TABLE "__EFMigrationsHistory" ("MigrationId" TEXT NOT NULL PRIMARY KEY, "ProductVersion" TEXT NOT NULL);
                    INSERT INTO "__EFMigrationsHistory" VALUES ('20261122000421_Initial', '10.0.14'), ('20261122135844_WordsPerRun', '10.0.14');
                    """);
                SqliteConnection.ClearPool((SqliteConnection)old.Database.GetDbConnection());
            }
            var before = await File.ReadAllBytesAsync(path);

            await using var services = new ServiceCollection().AddPortalRequests(new DataFolder(folder.FullName)).BuildServiceProvider();
            var databases = services.GetRequiredService<IDbContextFactory<PortalDb>>();
            var error = await Should.ThrowAsync<InvalidDataException>(() => PortalDbSetup.MigrateAsync(databases, TimeProvider.System, default));

            error.Message.ShouldContain($"data folder {folder.FullName} is of another build");
            error.Message.ShouldContain("20261122000421_Initial");
            SqliteConnection.ClearAllPools();
            (await File.ReadAllBytesAsync(path)).ShouldBe(before);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task<string> PragmaAsync(PortalDb db, string name)
    {
        await db.Database.OpenConnectionAsync();
        await using var command = db.Database.GetDbConnection().CreateCommand();
        command.CommandText = $"PRAGMA {name};";
        return (await command.ExecuteScalarAsync())!.ToString()!;
    }
}
