#!/usr/bin/env python3
"""Makes the two small models beside this script and what diffusers and transformers compute with them.

sd2/  shaped like Stable Diffusion 2.x: v-prediction, linear projections, a number of heads per block, upcast attention,
      an OpenCLIP text encoder (gelu), UNet weights in shards, the attention names of the first releases in the autoencoder.
sdxl/ shaped like Stable Diffusion XL: two text encoders, text and sizes added to the timestep, no attention at full resolution,
      several transformer layers, Euler sampling.
Weights are random, rounded to half precision and stored so; everything is computed in single precision, on one thread.

usage: PYTHONPATH=<diffusers v0.30.3 src>:<transformers 4.40 src>:<huggingface_hub 0.25 src> python3 make_references.py
"""
import json, os, shutil, sys
os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"
import torch
torch.set_num_threads(1)
if torch.__version__.startswith("1."):  # its baddbmm(beta=0) may read uninitialised memory on small matrices
    _b = torch.baddbmm
    torch.baddbmm = lambda i, x, y, *, beta=1, alpha=1: torch.bmm(x, y).mul_(alpha) if beta == 0 else _b(i, x, y, beta=beta, alpha=alpha)
import transformers.tokenization_utils_base as tb
if getattr(tb.AddedToken, "__hash__", None) is None:
    tb.AddedToken.__hash__ = lambda s: hash(s.content)
    tb.AddedToken.__setstate__ = lambda s, d: s.__dict__.update(d)
from diffusers import (AutoencoderKL, DDIMScheduler, DPMSolverMultistepScheduler, EulerDiscreteScheduler, PNDMScheduler,
                       StableDiffusionPipeline, StableDiffusionXLPipeline, UNet2DConditionModel)
from safetensors.torch import load_file, save_file
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

HERE = os.path.dirname(os.path.abspath(__file__))
PROMPTS = ["a church in the snow", "dog"]
NEGATIVE = "blurry"
VOCAB, LENGTH = 514, 24


def tokenizer(folder, pad):
    """Every byte is a token, with and without the mark of a word's end; there are no merges."""
    os.makedirs(folder, exist_ok=True)
    printable = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    symbols = [chr(b) for b in printable] + [chr(256 + i) for i in range(256 - len(printable))]
    vocab = {s: i for i, s in enumerate(symbols + [s + "</w>" for s in symbols] + ["<|startoftext|>", "<|endoftext|>"])}
    assert len(vocab) == VOCAB
    json.dump(vocab, open(f"{folder}/vocab.json", "w"), ensure_ascii=False)
    open(f"{folder}/merges.txt", "w").write("#version: 0.2\n")
    special = dict(bos_token="<|startoftext|>", eos_token="<|endoftext|>", pad_token=pad, unk_token="<|endoftext|>")
    json.dump(special, open(f"{folder}/special_tokens_map.json", "w"), indent=1)
    json.dump(dict(special, model_max_length=LENGTH, do_lower_case=True, tokenizer_class="CLIPTokenizer"), open(f"{folder}/tokenizer_config.json", "w"),
        indent=1)
    return CLIPTokenizer.from_pretrained(folder)


def randomise(model, seed):
    g = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for p in model.parameters():
            if p.dim() > 1:
                p.copy_(torch.randn(p.shape, generator=g) / p[0].numel() ** 0.5)
            else:
                p.copy_((1.0 if float(p.abs().sum()) == p.numel() else 0.0) + 0.1 * torch.randn(p.shape, generator=g))
    return model.half().float().eval()


def store(model, folder, **how):
    model.half().save_pretrained(folder, safe_serialization=True, **how)
    model.float()


def text(cls, seed, hidden, heads, layers, act, projection):
    c = CLIPTextConfig(vocab_size=VOCAB, hidden_size=hidden, intermediate_size=2 * hidden, num_hidden_layers=layers, num_attention_heads=heads,
                       max_position_embeddings=LENGTH, hidden_act=act, projection_dim=projection, eos_token_id=2, bos_token_id=0, pad_token_id=1)
    return randomise(cls(c), seed)


def denoise(pipe, scheduler, unit, **how):
    pipe.scheduler = scheduler
    return pipe(PROMPTS, num_inference_steps=5, guidance_scale=5.0, latents=unit.clone(), output_type="latent", height=16, width=24, **how).images


def fresh(name):
    root = f"{HERE}/{name}"
    shutil.rmtree(root, ignore_errors=True)
    os.makedirs(root)
    return root


def finish(root, index, scheduler, io):
    scheduler.save_pretrained(f"{root}/scheduler")
    json.dump(index, open(f"{root}/model_index.json", "w"), indent=1)
    save_file({k: v.contiguous() for k, v in io.items()}, f"{root}/io.safetensors")
    print(root, {k: (list(v.shape), round(float(v.float().abs().mean()), 4)) for k, v in io.items()})


BETAS = dict(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear")


@torch.no_grad()
def sd2():
    root = fresh("sd2")
    tok = tokenizer(f"{root}/tokenizer", "!")
    te = text(CLIPTextModel, 1, 20, 4, 3, "gelu", 12)
    unet = randomise(UNet2DConditionModel(
        sample_size=8, block_out_channels=(8, 16, 24), layers_per_block=1, norm_num_groups=4, cross_attention_dim=20, attention_head_dim=[1, 2, 3],
        down_block_types=("CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
        use_linear_projection=True, upcast_attention=True), 2)
    vae = randomise(AutoencoderKL(block_out_channels=(4, 8), down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2,
                                  latent_channels=4, norm_num_groups=4, sample_size=16), 3)
    ddim = DDIMScheduler(**BETAS, clip_sample=False, set_alpha_to_one=False, steps_offset=1, prediction_type="v_prediction")
    store(te, f"{root}/text_encoder")
    store(unet, f"{root}/unet", max_shard_size="120KB")
    store(vae, f"{root}/vae")
    path = f"{root}/vae/diffusion_pytorch_model.safetensors"
    old = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}
    tensors = {}
    for k, v in load_file(path).items():
        for new, former in old.items():
            if ".attentions." in k:
                k = k.replace(f".{new}.", f".{former}.")
        tensors[k] = v
    save_file(tensors, path, metadata={"format": "pt"})

    g = torch.Generator().manual_seed(7)
    x, t, c = torch.randn(2, 4, 8, 12, generator=g), torch.tensor([3, 871]), torch.randn(2, LENGTH, 20, generator=g)
    unit = torch.randn(2, 4, 8, 12, generator=g)
    pipe = StableDiffusionPipeline(vae=vae, text_encoder=te, tokenizer=tok, unet=unet, scheduler=ddim, safety_checker=None, feature_extractor=None,
        requires_safety_checker=False)
    pipe.set_progress_bar_config(disable=True)
    cond, uncond = pipe.encode_prompt(PROMPTS, "cpu", 1, True)
    io = {"unet.sample": x, "unet.timesteps": t, "unet.text": c, "unet.out": unet(x, t, c).sample, "text.conditional": cond, "text.unconditional": uncond,
        "unit": unit}
    io["latents.ddim"] = denoise(pipe, ddim, unit)
    io["image.ddim"] = (vae.decode(io["latents.ddim"] / vae.config.scaling_factor).sample / 2 + 0.5).clamp(0, 1)
    io["latents.ddim_trailing_zero_snr"] = denoise(pipe, DDIMScheduler.from_config(ddim.config, timestep_spacing="trailing", rescale_betas_zero_snr=True), unit)
    io["latents.pndm"] = denoise(pipe, PNDMScheduler.from_config(ddim.config, skip_prk_steps=True), unit)
    io["latents.euler"] = denoise(pipe, EulerDiscreteScheduler.from_config(ddim.config), unit)
    io["latents.euler_trailing_zero_snr"] = denoise(pipe, EulerDiscreteScheduler.from_config(ddim.config, timestep_spacing="trailing",
        rescale_betas_zero_snr=True), unit)
    io["latents.dpm"] = denoise(pipe, DPMSolverMultistepScheduler.from_config(ddim.config), unit)
    none = [None, None]
    finish(root, {"_class_name": "StableDiffusionPipeline", "_diffusers_version": "0.30.3", "feature_extractor": none, "requires_safety_checker": False,
                  "safety_checker": none,
                  "scheduler": ["diffusers", "DDIMScheduler"], "text_encoder": ["transformers", "CLIPTextModel"],
                  "tokenizer": ["transformers", "CLIPTokenizer"],
                  "unet": ["diffusers", "UNet2DConditionModel"], "vae": ["diffusers", "AutoencoderKL"]}, ddim, io)


@torch.no_grad()
def sdxl():
    root = fresh("sdxl")
    tok, tok2 = tokenizer(f"{root}/tokenizer", "<|endoftext|>"), tokenizer(f"{root}/tokenizer_2", "!")
    te, te2 = text(CLIPTextModel, 11, 12, 3, 3, "quick_gelu", 12), text(CLIPTextModelWithProjection, 12, 20, 4, 2, "gelu", 16)
    unet = randomise(UNet2DConditionModel(
        sample_size=8, block_out_channels=(8, 16), layers_per_block=1, norm_num_groups=4, cross_attention_dim=32, attention_head_dim=[1, 2],
        transformer_layers_per_block=[1, 2],
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"), use_linear_projection=True,
        addition_embed_type="text_time", addition_time_embed_dim=8, projection_class_embeddings_input_dim=16 + 6 * 8), 13)
    vae = randomise(AutoencoderKL(block_out_channels=(4, 8), down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2,
                                  latent_channels=4, norm_num_groups=4, sample_size=16, scaling_factor=0.13025, force_upcast=True), 14)
    euler = EulerDiscreteScheduler(**BETAS, steps_offset=1, timestep_spacing="leading")
    store(te, f"{root}/text_encoder")
    store(te2, f"{root}/text_encoder_2")
    store(unet, f"{root}/unet", variant="fp16")
    store(vae, f"{root}/vae")
    g = torch.Generator().manual_seed(17)
    unit = torch.randn(2, 4, 8, 12, generator=g)
    x, t, c, p = torch.randn(2, 4, 8, 12, generator=g), torch.tensor([3, 871]), torch.randn(2, LENGTH, 32, generator=g), torch.randn(2, 16, generator=g)
    ids = torch.tensor([[16.0, 24, 0, 0, 16, 24], [1024, 768, 8, 4, 512, 640]])
    pipe = StableDiffusionXLPipeline(vae=vae, text_encoder=te, text_encoder_2=te2, tokenizer=tok, tokenizer_2=tok2, unet=unet, scheduler=euler,
        add_watermarker=False)
    pipe.set_progress_bar_config(disable=True)
    cond, uncond, pooled, uncond_pooled = pipe.encode_prompt(PROMPTS, device="cpu", do_classifier_free_guidance=True, negative_prompt=[NEGATIVE] * 2)
    io = {"unet.sample": x, "unet.timesteps": t, "unet.text": c, "unet.pooled": p, "unet.sizes": ids,
          "unet.out": unet(x, t, c, added_cond_kwargs={"text_embeds": p, "time_ids": ids}).sample,
          "text.conditional": cond, "text.negative": uncond, "text.pooled": pooled, "text.negative_pooled": uncond_pooled, "unit": unit}
    io["latents.euler"] = denoise(pipe, euler, unit)
    io["image.euler"] = (vae.decode(io["latents.euler"] / vae.config.scaling_factor).sample / 2 + 0.5).clamp(0, 1)
    io["latents.euler_negative"] = denoise(pipe, euler, unit, negative_prompt=[NEGATIVE] * 2)
    io["latents.ddim"] = denoise(pipe, DDIMScheduler.from_config(euler.config, clip_sample=False, set_alpha_to_one=False), unit)
    finish(root, {"_class_name": "StableDiffusionXLPipeline", "_diffusers_version": "0.30.3", "force_zeros_for_empty_prompt": True,
                  "scheduler": ["diffusers", "EulerDiscreteScheduler"], "text_encoder": ["transformers", "CLIPTextModel"],
                  "text_encoder_2": ["transformers", "CLIPTextModelWithProjection"],
                  "tokenizer": ["transformers", "CLIPTokenizer"], "tokenizer_2": ["transformers", "CLIPTokenizer"],
                  "unet": ["diffusers", "UNet2DConditionModel"], "vae": ["diffusers", "AutoencoderKL"]}, euler, io)


sd2()
sdxl()
