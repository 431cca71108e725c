using System.CommandLine;

var root = new RootCommand("SafetyPortal command line");
return await root.Parse(args).InvokeAsync();
