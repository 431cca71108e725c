using System.CommandLine;
using SafetyPortal.Cli.Parity;
using SafetyPortal.Cli.TrainDemo;

var root = new RootCommand("SafetyPortal command line")
{
    ParityCommand.Create(),
    TrainDemoCommand.Create(),
};
return await root.Parse(args).InvokeAsync();
