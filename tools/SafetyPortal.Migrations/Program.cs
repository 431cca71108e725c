using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Microsoft.EntityFrameworkCore.Migrations.Design;
using Microsoft.EntityFrameworkCore.Sqlite.Design.Internal;
using Microsoft.Extensions.DependencyInjection;
using SafetyPortal.Requests.Data;

// usage: dotnet run --project tools/SafetyPortal.Migrations -- NAME
// Adds migrations/Sqlite/TIMESTAMP_NAME.cs for what the model has and the newest migration has not.
if (args.Length != 1 || !args[0].All(char.IsAsciiLetterOrDigit) || !char.IsAsciiLetterUpper(args[0][0]))
{
    Console.Error.WriteLine("usage: SafetyPortal.Migrations NAME   (letters and digits, for example AddClaims)");
    return 2;
}

// In a context of its own: comparing freezes the snapshot's model, and the scaffolder takes a frozen one for none, writing every table anew.
await using (var compared = PortalDbSetup.Open("unused.db", TimeProvider.System))
{
    if (!compared.Database.HasPendingModelChanges())
    {
        Console.WriteLine("The migrations cover the model; nothing to add.");
        return 0;
    }
}

await using var db = PortalDbSetup.Open("unused.db", TimeProvider.System);

var services = new ServiceCollection().AddEntityFrameworkDesignTimeServices().AddDbContextDesignTimeServices(db);
#pragma warning disable EF1001 // The provider's design-time services are the documented way for tools, but live in an internal namespace.
new SqliteDesignTimeServices().ConfigureDesignTimeServices(services);
#pragma warning restore EF1001
await using var provider = services.BuildServiceProvider();
using var scope = provider.CreateScope();
var migration = scope.ServiceProvider.GetRequiredService<IMigrationsScaffolder>().ScaffoldMigration(args[0], rootNamespace: "SafetyPortal.Requests", subNamespace: "Migrations");

var folder = Path.Combine(FindRoot(), "migrations", "Sqlite");
Directory.CreateDirectory(folder);
Write(migration.MigrationId + migration.FileExtension, migration.MigrationCode);
Write(migration.MigrationId + ".Designer" + migration.FileExtension, migration.MetadataCode);
Write(migration.SnapshotName + migration.FileExtension, migration.SnapshotCode);
Console.WriteLine($"Wrote {migration.MigrationId} to {folder}");
return 0;

void Write(string name, string code) => File.WriteAllText(Path.Combine(folder, name), code.ReplaceLineEndings("\n"));

static string FindRoot()
{
    for (var folder = new DirectoryInfo(Environment.CurrentDirectory); folder is not null; folder = folder.Parent)
    {
        if (File.Exists(Path.Combine(folder.FullName, "SafetyPortal.sln")))
            return folder.FullName;
    }
    throw new DirectoryNotFoundException($"expected SafetyPortal.sln in {Environment.CurrentDirectory} or above it, found none");
}
