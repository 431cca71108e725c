using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests.Data;

namespace SafetyPortal.Requests.Tests.Data;

public class MigrationTests
{
    [Fact]
    public void Model_ComparedWithNewestMigration_HasNothingNew()
    {
        using var db = PortalDbSetup.Open("unused.db", TimeProvider.System);

        db.Database.HasPendingModelChanges().ShouldBeFalse("run: dotnet run --project tools/SafetyPortal.Migrations -c Release -- NAME");
    }

    [Fact]
    public async Task Migrate_Twice_LeavesOnePolicyAndFourRoles()
    {
        await using var portal = await Portal.CreateAsync();

        await PortalDbSetup.MigrateAsync(portal.Databases, portal.Clock, default);

        await using var db = await portal.OpenAsync();
        (await db.PolicyVersions.CountAsync()).ShouldBe(1);
        (await db.Roles.CountAsync()).ShouldBe(4);
    }

    [Fact]
    public async Task Migrate_NewFile_UsesWriteAheadLogForeignKeysAndBusyTimeout()
    {
        await using var portal = await Portal.CreateAsync();
        await using var db = await portal.OpenAsync();

        (await PragmaAsync(db, "journal_mode")).ShouldBe("wal");
        (await PragmaAsync(db, "foreign_keys")).ShouldBe("1");
        (await PragmaAsync(db, "busy_timeout")).ShouldBe("30000");
    }

    private static async Task<string> PragmaAsync(PortalDb db, string name)
    {
        await db.Database.OpenConnectionAsync();
        await using var command = db.Database.GetDbConnection().CreateCommand();
        command.CommandText = $"PRAGMA {name};";
        return (await command.ExecuteScalarAsync())!.ToString()!;
    }
}
