using SafetyPortal.Requests;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Web.Admin;

namespace SafetyPortal.Web.Tests.Admin;

[Collection(PortalCollection.Name)]
public class AccountChangesTests(SharedPortal shared)
{
    [Theory]
    [InlineData("nobody", "New Person", Roles.Auditor, "e-mail address")]
    [InlineData("new@example.org", "\u200B", Roles.Auditor, "1 to 80 characters")]
    [InlineData("new@example.org", "New Person", "Auditors", "got \"Auditors\"")]
    public async Task CreateAsync_BadEntry_IsRefusedAndMakesNoAccount(string email, string name, string role, string why)
    {
        var (changes, administrator) = (shared.Portal.Get<AccountChanges>(), await shared.Portal.ActorAsync(Roles.Administrator));

        var refusal = await Should.ThrowAsync<InvalidRequestException>(() => changes.CreateAsync(administrator, email, name, [role], default));

        refusal.Message.ShouldContain(why);
        (await changes.ListAsync(administrator, default)).ShouldNotContain(account => account.Name == email);
    }
}
