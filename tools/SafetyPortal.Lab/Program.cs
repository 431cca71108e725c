using SafetyPortal.Cli;
using SafetyPortal.Lab;

return await PortalCommandLine.InvokeAsync(LabCommandLine.Create(), args);
