using System.Diagnostics;
using SafetyPortal.Diffusion.Runtime;
using SafetyPortal.Trials;
using Spectre.Console;

namespace SafetyPortal.Cli.Output;

/// <summary>Progress of any work.</summary>
/// <param name="Step">Steps finished in the stage.</param>
/// <param name="Steps">Steps in the stage; 0 when not known.</param>
public sealed record WorkStep(string Stage, int Step, int Steps, string? Note = null);

/// <summary>
/// Shows progress on standard error: bars on a terminal, otherwise one plain line per stage and every ten seconds, so that a log
/// stays readable and standard output holds the result alone.
/// </summary>
public static class ProgressDisplay
{
    private static readonly TimeSpan LineInterval = TimeSpan.FromSeconds(10);

    /// <summary>Runs <paramref name="work"/> with a reporter that may be called from any thread.</summary>
    public static async Task<T> Run<T>(bool quiet, Func<IProgress<WorkStep>, Task<T>> work)
    {
        if (quiet)
            return await work(new Relay<WorkStep>(_ => { }));
        if (Console.IsErrorRedirected)
            return await work(Locked(new PlainLines().Report));

        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        return await console.Progress()
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn(), new SpinnerColumn())
            .StartAsync(async context => await work(Locked(new Bars(context).Report)));
    }

    /// <summary>Runs <paramref name="work"/> with a reporter on a torch thread of its own.</summary>
    /// <param name="threads">Threads of libtorch and its BLAS.</param>
    public static async Task<T> RunTorch<T>(bool quiet, int threads, Func<IProgress<WorkStep>, T> work)
    {
        using var torch = new TorchThread(threads);
        return await Run(quiet, progress => torch.Run(() => work(progress)));
    }

    private static Relay<WorkStep> Locked(Action<WorkStep> report)
    {
        var gate = new Lock();
        return new(step =>
        {
            lock (gate)
                report(step);
        });
    }

    private sealed class Bars(ProgressContext context)
    {
        private readonly Dictionary<string, ProgressTask> tasks = new(StringComparer.Ordinal);

        public void Report(WorkStep step)
        {
            if (!tasks.TryGetValue(step.Stage, out var task))
            {
                foreach (var earlier in tasks.Values.Where(t => !t.IsFinished))
                    earlier.Value = earlier.MaxValue;
                task = context.AddTask(Markup.Escape(step.Stage));
                tasks.Add(step.Stage, task);
            }

            task.IsIndeterminate = step.Steps == 0;
            task.MaxValue = Math.Max(1, step.Steps);
            task.Value = step.Step;
            task.Description = Markup.Escape(step.Note is { } note ? $"{step.Stage}: {note}" : step.Stage);
        }
    }

    private sealed class PlainLines
    {
        private string stage = string.Empty;
        private long lastLine;

        public void Report(WorkStep step)
        {
            var fresh = !string.Equals(stage, step.Stage, StringComparison.Ordinal);
            if (!fresh && step.Step != step.Steps && Stopwatch.GetElapsedTime(lastLine) < LineInterval)
                return;
            stage = step.Stage;
            lastLine = Stopwatch.GetTimestamp();
            Console.Error.WriteLine($"{step.Stage}{(step.Steps > 0 ? $": {step.Step} of {step.Steps}" : "")} {step.Note}".TrimEnd());
        }
    }
}
