using SafetyPortal.Cli;

return await PortalCommandLine.InvokeAsync(PortalCommandLine.Create(), args);
