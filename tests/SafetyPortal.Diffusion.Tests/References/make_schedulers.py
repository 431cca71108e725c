#!/usr/bin/env python3
"""Writes schedulers.json: where diffusers' schedulers go under settings that the goldens do not have.

A case is a class, its configuration, a number of steps and, for DDIM, eta. The trajectory has four numbers; the network's answer at call i is
sin(1.7 i + k) for k = 0..3, the noise a stochastic step adds cos(2.3 i + k), the start cos(k) times init_noise_sigma.
arange.sha256 is that of the trailing timesteps of 1000 training steps for 1 to 1000 steps, a line of numbers separated by spaces each.

usage: PYTHONPATH=<diffusers v0.30.3 src>:<huggingface_hub 0.25 src> python3 make_schedulers.py
"""
import hashlib, json, os
import numpy as np
import torch
from diffusers import DDIMScheduler, DPMSolverMultistepScheduler, EulerDiscreteScheduler, PNDMScheduler

SD = dict(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear")
D, E, P, M = DDIMScheduler, EulerDiscreteScheduler, PNDMScheduler, DPMSolverMultistepScheduler
CASES = [
    ("ddim_clip", D, 9, dict(SD, clip_sample=True, clip_sample_range=0.7, steps_offset=1), 0),
    ("ddim_defaults", D, 7, {}, 0),
    ("ddim_trailing_48", D, 48, dict(SD, clip_sample=False, timestep_spacing="trailing"), 0),
    ("ddim_linspace_velocity_eta", D, 8, dict(SD, clip_sample=False, timestep_spacing="linspace", prediction_type="v_prediction"), 0.5),
    ("ddim_sample_clip", D, 6, dict(SD, prediction_type="sample"), 0),
    ("ddim_zero_snr_trailing", D, 10, dict(SD, clip_sample=False, prediction_type="v_prediction", rescale_betas_zero_snr=True, timestep_spacing="trailing"), 0),
    ("ddim_cosine", D, 7, dict(beta_schedule="squaredcos_cap_v2", clip_sample=False, set_alpha_to_one=False), 0),
    ("pndm_prk", P, 12, dict(SD), 0),
    ("pndm_prk_velocity", P, 7, dict(SD, prediction_type="v_prediction", set_alpha_to_one=True), 0),
    ("pndm_trailing", P, 9, dict(SD, skip_prk_steps=True, timestep_spacing="trailing"), 0),
    ("pndm_linspace", P, 9, dict(SD, skip_prk_steps=True, timestep_spacing="linspace", set_alpha_to_one=True), 0),
    ("euler_trailing", E, 7, dict(SD, timestep_spacing="trailing"), 0),
    ("euler_sigma_min", E, 8, dict(SD, final_sigmas_type="sigma_min", timestep_spacing="leading", steps_offset=1), 0),
    ("euler_karras_range", E, 8, dict(SD, use_karras_sigmas=True, sigma_min=0.1, sigma_max=9.5), 0),
    ("euler_velocity_zero_snr", E, 9, dict(SD, prediction_type="v_prediction", rescale_betas_zero_snr=True, timestep_spacing="trailing"), 0),
    ("euler_sample", E, 6, dict(SD, prediction_type="sample"), 0),
    ("dpm_order1", M, 9, dict(SD, solver_order=1), 0),
    ("dpm_order2_heun", M, 9, dict(SD, solver_type="heun"), 0),
    ("dpm_order2_20", M, 20, dict(SD, final_sigmas_type="sigma_min"), 0),
    ("dpm_order2_euler_at_final", M, 20, dict(SD, final_sigmas_type="sigma_min", euler_at_final=True), 0),
    ("dpm_order2_few_not_lower", M, 8, dict(SD, final_sigmas_type="sigma_min", lower_order_final=False), 0),
    ("dpm_order3", M, 18, dict(SD, solver_order=3, final_sigmas_type="sigma_min"), 0),
    ("dpm_order3_few", M, 9, dict(SD, solver_order=3), 0),
    ("dpm_order3_velocity", M, 16, dict(SD, solver_order=3, prediction_type="v_prediction", timestep_spacing="trailing"), 0),
    ("dpm_sample_leading", M, 10, dict(SD, prediction_type="sample", timestep_spacing="leading", steps_offset=1), 0),
    ("dpm_trailing_48", M, 48, dict(SD, timestep_spacing="trailing"), 0),
    ("dpm_karras_sigma_min", M, 10, dict(SD, use_karras_sigmas=True, final_sigmas_type="sigma_min"), 0),
    ("dpm_karras_range", M, 10, dict(SD, use_karras_sigmas=True, sigma_min=0.1, sigma_max=9.5), 0),
    ("dpm_lambda_min", M, 10, dict(beta_schedule="squaredcos_cap_v2", lambda_min_clipped=-5.1), 0),
    ("dpm_lambda_min_trailing", M, 10, dict(beta_schedule="squaredcos_cap_v2", lambda_min_clipped=-3.0, timestep_spacing="trailing"), 0),
    ("dpm_zero_snr", M, 10, dict(SD, prediction_type="v_prediction", rescale_betas_zero_snr=True, timestep_spacing="trailing"), 0),
]


def wave(function, rate, i):
    return torch.tensor([function(rate * i + k) for k in range(4)], dtype=torch.float32).reshape(1, 1, 2, 2)


def run(cls, steps, config, eta):
    scheduler = cls.from_config(config)
    scheduler.set_timesteps(steps)
    x = wave(np.cos, 0, 0) * scheduler.init_noise_sigma
    trajectory = []
    for i, t in enumerate(scheduler.timesteps):
        scheduler.scale_model_input(x, t)
        how = dict(eta=eta, variance_noise=wave(np.cos, 2.3, i)) if eta else {}
        x = scheduler.step(wave(np.sin, 1.7, i), t, x, **how).prev_sample
        trajectory.append([float(f"{v:.8g}") for v in x.flatten().tolist()])
    return {"class": cls.__name__, "config": config, "steps": steps, "eta": eta, "timesteps": [float(t) for t in scheduler.timesteps], "trajectory": trajectory}


def zero_snr_noise():
    scheduler = E.from_config(dict(SD, rescale_betas_zero_snr=True, timestep_spacing="trailing"))
    scheduler.set_timesteps(1000)
    out = scheduler.add_noise(wave(np.cos, 0, 0).repeat(2, 1, 1, 1), wave(np.sin, 0, 0).repeat(2, 1, 1, 1), torch.tensor([999.0, 500.0]))
    return [float(f"{v:.8g}") for v in out.flatten().tolist()]


lines = "".join(" ".join(str(int(t)) for t in np.arange(1000, 0, -(1000 / n)).round() - 1) + "\n" for n in range(1, 1001))
result = {"cases": {name: run(cls, steps, config, eta) for name, cls, steps, config, eta in CASES},
          "euler_zero_snr_add_noise": zero_snr_noise(), "arange.sha256": hashlib.sha256(lines.encode()).hexdigest()}
path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "schedulers.json")
text = json.dumps(result)
open(path, "w").write(text.replace('}, "', '},\n"').replace('"cases": {"', '"cases": {\n"').replace(', "euler_zero', ',\n"euler_zero') + "\n")
print(len(text), list(result["cases"]))
