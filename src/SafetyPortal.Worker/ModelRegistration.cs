using Microsoft.Extensions.Logging;
using SafetyPortal.Diffusion.Runtime;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Models;
using SafetyPortal.Trials.Models;

namespace SafetyPortal.Worker;

/// <summary>Makes the model folders under the model root known to the portal, so that requests can name them.</summary>
public sealed class ModelRegistration(RegisterModel register, TorchThread torch, WorkerOptions options, ILogger<ModelRegistration> logger)
{
    /// <summary>Registers one folder, or returns the registration it has.</summary>
    /// <exception cref="Diffusion.ModelFormatException">The folder is no model.</exception>
    /// <exception cref="Requests.InvalidRequestException">The name is taken by other weights.</exception>
    public async Task<ModelVersion> RegisterAsync(string folderName, CancellationToken cancellation)
    {
        var description = await torch.Run(() => ModelScan.Describe(options.ModelRoot, folderName, options.Evaluation.Prompts));
        return await register.ExecuteAsync(Actor.System("setup"), description, cancellation);
    }

    /// <summary>Registers every folder that holds a model index; one that is damaged is reported and left out, so that it does not keep the portal from starting.</summary>
    public async Task RegisterAllAsync(CancellationToken cancellation)
    {
        if (!Directory.Exists(options.ModelRoot)) return;
        foreach (var folder in Directory.GetDirectories(options.ModelRoot).Order(StringComparer.Ordinal))
        {
            if (!File.Exists(Path.Combine(folder, "model_index.json"))) continue;
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
