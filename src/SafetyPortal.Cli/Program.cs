using System.CommandLine;
using SafetyPortal.Cli.TrainDemo;

var root = new RootCommand("SafetyPortal command line") { TrainDemoCommand.Create() };
return await root.Parse(args).InvokeAsync();
