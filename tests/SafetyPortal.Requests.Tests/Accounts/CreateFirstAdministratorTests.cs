using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests.Accounts;

namespace SafetyPortal.Requests.Tests.Accounts;

public class CreateFirstAdministratorTests : PortalTest
{
    private const string Password = "correct horse battery";

    [Fact]
    public async Task Execute_OnlyDemoAdministrators_MakesAnAccountWithPasswordRoleAndEvent()
    {
        var made = await Get<CreateFirstAdministrator>().ExecuteAsync(" ann@example.org ", "Ann", Password, default);

        await using var db = await OpenAsync();
        var user = await db.Users.SingleAsync(u => u.Id == made.Id);
        user.UserName.ShouldBe("ann@example.org");
        new PasswordHasher<PortalUser>().VerifyHashedPassword(user, user.PasswordHash!, Password).ShouldBe(PasswordVerificationResult.Success);
        (await db.RolesOfAsync(made.Id, default)).ShouldBe([Roles.Administrator]);
        (await db.AuditEvents.OrderBy(e => e.Sequence).LastAsync()).Subject.ShouldBe($"account/{made.Id}");
        user.LockoutEnabled.ShouldBeTrue();
    }

    [Fact]
    public async Task Execute_AdministratorExists_IsRefusedNamingThem()
    {
        await Get<CreateFirstAdministrator>().ExecuteAsync("ann@example.org", "Ann", Password, default);

        var error = await Should.ThrowAsync<IllegalMoveException>(
            Get<CreateFirstAdministrator>().ExecuteAsync("bob@example.org", "Bob", Password, default));

        error.Message.ShouldContain("ann@example.org");
        await using var db = await OpenAsync();
        (await db.Users.AnyAsync(u => u.UserName == "bob@example.org")).ShouldBeFalse();
    }

    [Theory]
    [InlineData("ann", "Ann", Password, "Email")]
    [InlineData("ann@demo.local", "Ann", Password, "Email")]
    [InlineData("ann@example.org", " ", Password, "DisplayName")]
    [InlineData("ann@example.org", "Ann", "too short", "Password")]
    public async Task Execute_MalformedPart_IsRefusedAndMakesNothing(string email, string name, string password, string field)
    {
        var error = await Should.ThrowAsync<InvalidRequestException>(Get<CreateFirstAdministrator>().ExecuteAsync(email, name, password, default));

        error.Problems.ShouldAllBe(problem => problem.Field == field);
        await using var db = await OpenAsync();
        (await db.Users.CountAsync()).ShouldBe(5);
    }
}
