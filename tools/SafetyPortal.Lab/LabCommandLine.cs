using System.CommandLine;
using SafetyPortal.Cli;
using SafetyPortal.Lab.Bench;
using SafetyPortal.Lab.Parity;
using SafetyPortal.Lab.Study;
using SafetyPortal.Lab.TrainDemo;

namespace SafetyPortal.Lab;

/// <summary>The portal's commands, and those that measure this program and make its model.</summary>
public static class LabCommandLine
{
    public static RootCommand Create()
    {
        var root = PortalCommandLine.Create();
        root.Add(BenchCommand.Create());
        root.Add(ParityCommand.Create());
        root.Add(StudyCommand.Create());
        root.Add(TrainDemoCommand.Create());
        return root;
    }
}
