using Microsoft.EntityFrameworkCore.Design;
using SafetyPortal.Requests.Data;

namespace SafetyPortal.Requests.Tests.Data;

/// <summary>Gives <c>dotnet ef</c> the context whose model it compares with the migrations.</summary>
public sealed class DesignTimeFactory : IDesignTimeDbContextFactory<PortalDb>
{
    /// <inheritdoc/>
    public PortalDb CreateDbContext(string[] args) => PortalDbSetup.Open("unused.db", TimeProvider.System);
}
