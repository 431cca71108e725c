using SafetyPortal.Cli;

return await PortalCommandLine.InvokeAsync(args);
