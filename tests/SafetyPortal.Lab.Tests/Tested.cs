using System.CommandLine;
using SafetyPortal.Lab;

namespace SafetyPortal.Cli.Tests;

/// <summary>The program that <see cref="InProcess"/> and <see cref="CommandLineRun"/> run.</summary>
internal static class Tested
{
    public const string Program = "SafetyPortal.Lab.dll";

    public static RootCommand Commands() => LabCommandLine.Create();
}
