using System.CommandLine;

namespace SafetyPortal.Cli.Bench;

/// <summary><c>portal bench</c>: measurements, and what they are made on.</summary>
public static class BenchCommand
{
    public static Command Create() => new("bench", "Measure this program, and make the models to measure it on.")
    {
        MakeModelCommand.Create(),
    };
}
