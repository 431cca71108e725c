#!/usr/bin/env python3
"""Writes names, shapes and order of the parameters of published models into shapes/, one "name [sizes]" a line.

The networks are made by diffusers and transformers on the meta device, which has no memory, from the published configurations.
usage: as make_references.py
"""
import os
import torch
_empty = torch.empty
torch.empty = lambda *a, **k: _empty(*a, **dict(k, device="meta"))
from diffusers import UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "shapes")
os.makedirs(OUT, exist_ok=True)
MODELS = {
    "sd21_unet": lambda: UNet2DConditionModel(sample_size=64, cross_attention_dim=1024, attention_head_dim=[5, 10, 20, 20], use_linear_projection=True),
    "sdxl_unet": lambda: UNet2DConditionModel(
        sample_size=128, block_out_channels=(320, 640, 1280), cross_attention_dim=2048, attention_head_dim=[5, 10, 20], transformer_layers_per_block=[1, 2, 10],
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        use_linear_projection=True, addition_embed_type="text_time", addition_time_embed_dim=256, projection_class_embeddings_input_dim=2816),
    "sd21_text_encoder": lambda: CLIPTextModel(CLIPTextConfig(
        hidden_size=1024, intermediate_size=4096, num_hidden_layers=23, num_attention_heads=16, hidden_act="gelu", projection_dim=512, vocab_size=49408)),
    "sdxl_text_encoder_2": lambda: CLIPTextModelWithProjection(CLIPTextConfig(
        hidden_size=1280, intermediate_size=5120, num_hidden_layers=32, num_attention_heads=20, hidden_act="gelu", projection_dim=1280, vocab_size=49408)),
}
for name, make in MODELS.items():
    model = make()
    with open(f"{OUT}/{name}.txt", "w") as f:
        for key, value in model.state_dict().items():
            f.write(f"{key} [{', '.join(map(str, value.shape))}]\n")
    print(name, len(model.state_dict()), sum(p.numel() for p in model.parameters()))
