using Microsoft.Extensions.Logging;
using SafetyPortal.Diffusion.Runtime;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Models;
using SafetyPortal.Trials.Models;

namespace SafetyPortal.Worker;

/// <summary>Registers the model folders under the model root, so that requests can name them.</summary>
public sealed class ModelRegistration(RegisterModel register, TorchThread torch, WorkerOptions options, ILogger<ModelRegistration> logger)
{
    /// <summary>Registers one folder, or returns the registration it has.</summary>
    /// <exception cref="Diffusion.ModelFormatException">The folder is no model.</exception>
    /// <exception cref="Requests.InvalidRequestException">The name belongs to other weights.</exception>
    public async Task<ModelVersion> RegisterAsync(string folderName, CancellationToken cancellation)
    {
        var description = await torch.Run(() => ModelScan.Describe(options.ModelRoot, folderName, options.Evaluation.Prompts));
        return await register.ExecuteAsync(Actor.System("setup"), description, cancellation);
    }

    /// <summary>Registers every folder that holds a model index. It logs a damaged one and goes on, so that the portal starts without it.</summary>
    public async Task RegisterAllAsync(CancellationToken cancellation)
    {
        if (!Directory.Exists(options.ModelRoot))
            return;
        var folders = Directory.GetDirectories(options.ModelRoot).Order(StringComparer.Ordinal);
        foreach (var folder in folders.Where(folder => File.Exists(Path.Combine(folder, "model_index.json"))))
        {
            try
            {
                await RegisterAsync(Path.GetFileName(folder), cancellation);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                logger.LogError(e, "The model in {Folder} is not offered: {Reason}", folder, e.Message);
            }
        }
    }
}
