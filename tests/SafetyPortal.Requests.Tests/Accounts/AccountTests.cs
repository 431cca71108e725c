using System.Security.Claims;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Data;
using SafetyPortal.Requests.Models;

namespace SafetyPortal.Requests.Tests.Accounts;

public class AccountTests : PortalTest
{
    [Fact]
    public async Task DemoAccounts_EnsuredTwice_KeepTheirPasswordsInAFileOfTheirOwnersAlone()
    {
        var first = await Get<DemoAccounts>().EnsureAsync(default);
        var second = await Get<DemoAccounts>().EnsureAsync(default);

        second.ShouldBe(first);
        first.Select(a => a.Email).ShouldBe(
            ["reviewer@demo.local", "approver@demo.local", "auditor@demo.local", "administrator@demo.local", "approver2@demo.local"]);
        first.Select(a => a.Password).Distinct().Count().ShouldBe(5);
        if (!OperatingSystem.IsWindows())
            File.GetUnixFileMode(Folder.DemoAccounts).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    [Fact]
    public async Task DemoAccounts_Password_OpensTheAccount()
    {
        var account = (await Get<DemoAccounts>().EnsureAsync(default))[0];
        await using var db = await OpenAsync();
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
        await using var db = await OpenAsync();
        (await db.Users.SingleAsync(u => u.Id == Approver.Id)).LockoutEnd = Clock.GetUtcNow().AddMinutes(1);
        await db.SaveChangesAsync();

        (await db.RolesOfAsync(Approver.Id, default)).ShouldBeEmpty();
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

    [Theory]
    [InlineData("soon")]
    [InlineData("11/12/2026 12:00")]
    public void ActorFrom_SignInTimeInAnotherForm_HasNone(string time)
    {
        var identity = new ClaimsIdentity([new(ClaimTypes.NameIdentifier, "id1"), new(Actor.SignedInAtClaim, time)], "test");

        Actor.From(new ClaimsPrincipal(identity)).SignedInAt.ShouldBeNull();
    }

    [Fact]
    public void ActorFrom_Anonymous_Throws() => Should.Throw<NotAllowedException>(() => Actor.From(new ClaimsPrincipal(new ClaimsIdentity())));

    [Theory]
    [InlineData("../demo")]
    [InlineData(".hidden")]
    [InlineData("a/b")]
    [InlineData("")]
    public async Task RegisterModel_FolderThatIsAPath_IsRefused(string folder)
    {
        var error = await Should.ThrowAsync<InvalidRequestException>(() => Get<RegisterModel>().ExecuteAsync(
            Administrator, new("other", folder, Digest('1'), [], [], false), default));

        error.Problems.ShouldHaveSingleItem().Field.ShouldBe("Folder");
    }

    [Fact]
    public async Task RegisterModel_KnownNameWithOtherWeights_IsRefusedNamingBothDigests()
    {
        var error = await Should.ThrowAsync<InvalidRequestException>(() => Get<RegisterModel>().ExecuteAsync(
            Actor.System("setup"), new("demo", "demo", Digest('1'), [], [], false), default));

        error.Message.ShouldContain(Digest('a'));
        error.Message.ShouldContain(Digest('1'));
    }

    [Fact]
    public async Task DataFolder_IsForItsOwnerAlone()
    {
        var folder = new DataFolder(Path.Combine(Folder.Root, "fresh"));

        if (!OperatingSystem.IsWindows())
            File.GetUnixFileMode(folder.Keys).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}
