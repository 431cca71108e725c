using System.Security.Claims;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Data;
using SafetyPortal.Requests.Models;

namespace SafetyPortal.Requests.Tests.Accounts;

public class AccountTests
{
    [Fact]
    public async Task DemoAccounts_EnsuredTwice_KeepTheirPasswordsInAFileOfTheirOwnersAlone()
    {
        await using var portal = await Portal.CreateAsync();

        var first = await portal.Get<DemoAccounts>().EnsureAsync(default);
        var second = await portal.Get<DemoAccounts>().EnsureAsync(default);

        second.ShouldBe(first);
        first.Select(a => a.Email).ShouldBe(["reviewer@demo.local", "approver@demo.local", "auditor@demo.local", "administrator@demo.local", "approver2@demo.local"]);
        first.Select(a => a.Password).Distinct().Count().ShouldBe(5);
        if (!OperatingSystem.IsWindows())
            File.GetUnixFileMode(portal.Folder.DemoAccounts).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    [Fact]
    public async Task DemoAccounts_Password_OpensTheAccount()
    {
        await using var portal = await Portal.CreateAsync();
        var account = (await portal.Get<DemoAccounts>().EnsureAsync(default))[0];
        await using var db = await portal.OpenAsync();
        var user = await db.Users.SingleAsync(u => u.Email == account.Email);

        new PasswordHasher<PortalUser>().VerifyHashedPassword(user, user.PasswordHash!, account.Password).ShouldBe(PasswordVerificationResult.Success);
        (await db.RolesOfAsync(user.Id, default)).ShouldBe([Roles.Reviewer]);
    }

    [Theory]
    [InlineData("administrator@demo.local", true)]
    [InlineData("Approver2@Demo.Local ", true)]
    [InlineData("ann@example.org", false)]
    [InlineData("demo.local@example.org", false)]
    [InlineData(null, false)]
    public void IsDemo_Name_TellsByItsDomain(string? name, bool demo) => DemoAccounts.IsDemo(name).ShouldBe(demo);

    [Fact]
    public async Task RolesOf_LockedOutUser_AreNone()
    {
        await using var portal = await Portal.CreateAsync();
        await using var db = await portal.OpenAsync();
        (await db.Users.SingleAsync(u => u.Id == portal.Approver.Id)).LockoutEnd = portal.Clock.GetUtcNow().AddMinutes(1);
        await db.SaveChangesAsync();

        (await db.RolesOfAsync(portal.Approver.Id, default)).ShouldBeEmpty();
        (await db.RolesOfAsync("nobody", default)).ShouldBeEmpty();
    }

    [Fact]
    public void ActorFrom_SignedInPrincipal_CarriesIdNameAndSignInTime()
    {
        var time = new DateTimeOffset(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);
        var identity = new ClaimsIdentity(
            [new(ClaimTypes.NameIdentifier, "id1"), new(ClaimTypes.Name, "ann"), new(Actor.SignedInAtClaim, time.ToString("O"))], "test");

        Actor.From(new ClaimsPrincipal(identity)).ShouldBe(new Actor("id1", "ann", time));
    }

    [Fact]
    public void ActorFrom_WithoutSignInTime_HasNone() =>
        Actor.From(new ClaimsPrincipal(new ClaimsIdentity([new(ClaimTypes.NameIdentifier, "id1"), new(Actor.SignedInAtClaim, "soon")], "test"))).SignedInAt.ShouldBeNull();

    [Fact]
    public void ActorFrom_Anonymous_Throws() => Should.Throw<NotAllowedException>(() => Actor.From(new ClaimsPrincipal(new ClaimsIdentity())));

    [Theory]
    [InlineData("../demo")]
    [InlineData(".hidden")]
    [InlineData("a/b")]
    [InlineData("")]
    public async Task RegisterModel_FolderThatIsAPath_IsRefused(string folder)
    {
        await using var portal = await Portal.CreateAsync();

        var error = await Should.ThrowAsync<InvalidRequestException>(() => portal.Get<RegisterModel>().ExecuteAsync(
            portal.Administrator, new("other", folder, Portal.Digest('1'), [], [], false), default));

        error.Problems.ShouldHaveSingleItem().Field.ShouldBe("Folder");
    }

    [Fact]
    public async Task RegisterModel_KnownNameWithOtherWeights_IsRefusedNamingBothDigests()
    {
        await using var portal = await Portal.CreateAsync();

        var error = await Should.ThrowAsync<InvalidRequestException>(() => portal.Get<RegisterModel>().ExecuteAsync(
            Actor.System("setup"), new("demo", "demo", Portal.Digest('1'), [], [], false), default));

        error.Message.ShouldContain(Portal.Digest('a'));
        error.Message.ShouldContain(Portal.Digest('1'));
    }

    [Fact]
    public async Task DataFolder_IsForItsOwnerAlone()
    {
        await using var portal = await Portal.CreateAsync();
        var folder = new DataFolder(Path.Combine(portal.Folder.Root, "fresh"));

        if (!OperatingSystem.IsWindows())
            File.GetUnixFileMode(folder.Keys).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}
