using SafetyPortal.Web.Hosting;

var app = await PortalHost.CreateAsync(new PortalOptions { Arguments = args });
await app.RunAsync();
