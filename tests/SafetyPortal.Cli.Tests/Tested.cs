using System.CommandLine;

namespace SafetyPortal.Cli.Tests;

/// <summary>The program that <see cref="InProcess"/> and <see cref="CommandLineRun"/> run.</summary>
internal static class Tested
{
    public const string Program = "SafetyPortal.Cli.dll";

    public static RootCommand Commands() => PortalCommandLine.Create();
}
