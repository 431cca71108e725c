#!/usr/bin/env python3
"""Times diffusers and the public CAD code on a model folder, case by case as `./portal bench` does, and writes the JSON that
`./portal bench --reference` reads. README.md says what it needs.

  benchmarks/reference.py --model data/bench/small --sources FOLDER --threads 2 --out reference.json [--case NAME ...]
"""
import argparse
import importlib.machinery
import importlib.metadata
import json
import os
import statistics
import sys
import time
import types

CASES = ["text-encode", "unet-forward", "unet-gradient", "unet-gradient-all", "vae-decode", "generate", "attribution-trajectory", "attribution-restart"]
PROMPT = "a photo of a parachute"
VERSIONS = {"diffusers": "0.30.3", "transformers": "4.40.0", "huggingface_hub": "0.25.1", "safetensors": "0.4.5"}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="diffusers folder")
    parser.add_argument("--sources", help="folder with diffusers/, transformers/, huggingface_hub/ and CAD/ checked out; without it they must be installed")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--case", action="append", choices=CASES)
    parser.add_argument("--repeat", type=int, default=3, help="measurements of each short case, after one that does not count")
    parser.add_argument("--steps", type=int, default=50, help="steps of the public loop")
    parser.add_argument("--generation-steps", type=int, default=25, help="DDIM steps of a generated image")
    parser.add_argument("--loop-steps", type=int, default=4, help="steps of the public loop that are run; the time of all is computed from them")
    parser.add_argument("--dtype", default="float32", choices=["float32", "bfloat16"])
    parser.add_argument("--out", required=True)
    return parser.parse_args()


A = arguments()

# The same kernels and the same way of waiting that ./portal sets for itself; a choice made in the environment stands for both.
FLAGS = set(open("/proc/cpuinfo").read().split("flags", 1)[-1].split("\n")[0].split()) if os.path.exists("/proc/cpuinfo") else set()
KERNELS = "SKYLAKEX" if {"avx512bw", "avx512dq", "avx512cd", "avx512vl"} <= FLAGS else "HASWELL" if {"avx2", "fma"} <= FLAGS else None
if KERNELS:
    os.environ.setdefault("OPENBLAS_CORETYPE", KERNELS)
if "OMP_WAIT_POLICY" not in os.environ:
    os.environ.setdefault("GOMP_SPINCOUNT", "500")
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = str(A.threads)
os.environ.update(TRANSFORMERS_OFFLINE="1", HF_HUB_OFFLINE="1", TRANSFORMERS_VERBOSITY="error")


def stand_in(name, **members):
    """Modules that diffusers imports and does not need here, where they are not installed."""
    try:
        __import__(name)
    except ImportError:
        module = types.ModuleType(name)
        module.__dict__.update(members)
        module.__spec__ = importlib.machinery.ModuleSpec(name, None)
        sys.modules[name] = module


def use_sources(folder):
    for part in ("diffusers/src", "transformers/src", "huggingface_hub/src", "CAD"):
        path = os.path.join(folder, part)
        if not os.path.isdir(path):
            sys.exit(f"Expected {path}; benchmarks/README.md says what to check out.")
        sys.path.insert(0, path)
    installed = importlib.metadata.version

    def version(name):
        try:
            return installed(name)
        except importlib.metadata.PackageNotFoundError:
            if name.replace("-", "_") in VERSIONS:
                return VERSIONS[name.replace("-", "_")]
            raise

    importlib.metadata.version = version
    stand_in("safetensors", safe_open=None, SafetensorError=Exception, __version__=VERSIONS["safetensors"])
    stand_in("safetensors.torch", **dict.fromkeys(["load_file", "save_file", "load", "save", "storage_ptr", "storage_size"]))
    try:
        import importlib_metadata
        importlib_metadata.version = version
    except ImportError:
        pass


if A.sources:
    use_sources(A.sources)
import numpy
import torch

torch.set_num_threads(A.threads)
if torch.__version__.startswith("1."):
    # torch 1.13's baddbmm with beta 0 may read uninitialised memory on the CPU; the same product without it.
    _baddbmm = torch.baddbmm
    torch.baddbmm = lambda i, x, y, *, beta=1, alpha=1: torch.bmm(x, y).mul_(alpha) if beta == 0 else _baddbmm(i, x, y, beta=beta, alpha=alpha)
from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer
import transformers.tokenization_utils_base as tokenization

if getattr(tokenization.AddedToken, "__hash__", None) is None:  # where the tokenizers package is missing
    tokenization.AddedToken.__hash__ = lambda self: hash(self.content)
    tokenization.AddedToken.__setstate__ = lambda self, state: self.__dict__.update(state)


def tensors(path):
    """The tensors of a safetensors file."""
    kinds = {"F32": (numpy.float32, torch.float32), "F16": (numpy.float16, torch.float16), "BF16": (numpy.int16, torch.bfloat16), "I64": (numpy.int64, torch.int64)}
    data = numpy.memmap(path, dtype=numpy.uint8, mode="c")
    size = int.from_bytes(bytes(data[:8]), "little")
    for name, entry in json.loads(bytes(data[8:8 + size])).items():
        if name == "__metadata__":
            continue
        raw, kind = kinds[entry["dtype"]]
        begin, end = (8 + size + offset for offset in entry["data_offsets"])
        yield name, torch.from_numpy(data[begin:end].view(raw).reshape(entry["shape"])).view(kind)


def fill(module, folder, stem):
    names = dict(query="to_q", key="to_k", value="to_v", proj_attn="to_out.0")
    wanted, found = module.state_dict(), set()
    for name, value in tensors(os.path.join(folder, stem + ".safetensors")):
        parts = name.split(".")
        if name not in wanted and len(parts) > 1 and parts[-2] in names:
            name = ".".join(parts[:-2] + [names[parts[-2]], parts[-1]])
        if name in wanted:
            wanted[name].copy_(value)
            found.add(name)
    missing = set(wanted) - found - {"text_model.embeddings.position_ids"}
    if missing:
        sys.exit(f"{folder} lacks {sorted(missing)[:5]}")
    return module.eval().to(getattr(torch, A.dtype))


def config(part, name="config.json"):
    values = json.load(open(os.path.join(A.model, part, name)))
    return {key: value for key, value in values.items() if not key.startswith("_")}


def pipeline():
    parts = dict(
        unet=fill(UNet2DConditionModel(**config("unet")), os.path.join(A.model, "unet"), "diffusion_pytorch_model"),
        vae=fill(AutoencoderKL(**config("vae")), os.path.join(A.model, "vae"), "diffusion_pytorch_model"),
        text_encoder=fill(CLIPTextModel(CLIPTextConfig(**config("text_encoder"))), os.path.join(A.model, "text_encoder"), "model"),
        tokenizer=CLIPTokenizer.from_pretrained(os.path.join(A.model, "tokenizer")))
    schedule = config("scheduler", "scheduler_config.json")
    known = {key: schedule[key] for key in ("beta_start", "beta_end", "beta_schedule", "num_train_timesteps", "prediction_type") if key in schedule}
    whole = StableDiffusionPipeline(**parts, scheduler=DDIMScheduler(**known, clip_sample=False, set_alpha_to_one=False, steps_offset=1),
                                    safety_checker=None, feature_extractor=None, requires_safety_checker=False)
    whole.set_progress_bar_config(disable=True)
    return whole


def peak():
    return next((int(line.split()[1]) // 1024 for line in open("/proc/self/status") if line.startswith("VmHWM")), None)


def measure(name, note, body, warm_up=True, runs=None):
    if warm_up:
        body()
    try:
        open("/proc/self/clear_refs", "w").write("5")
    except OSError:
        pass
    wall, cpu = [], []
    for _ in range(runs or A.repeat):
        before, start = time.process_time(), time.perf_counter()
        body()
        wall.append(time.perf_counter() - start)
        cpu.append(time.process_time() - before)
    return dict(name=name, seconds=round(min(wall), 4), medianSeconds=round(statistics.median_high(wall), 4), cpuSeconds=round(min(cpu), 4), peakMiB=peak(), runs=len(wall), note=note)


def scaled(result, name, factor, note):
    return dict(result, name=name, note=note, **{key: round(result[key] * factor, 3) for key in ("seconds", "medianSeconds", "cpuSeconds")})


class Bench:
    def __init__(self):
        self.pipe = pipeline()
        self.unet, kind = self.pipe.unet, getattr(torch, A.dtype)
        self.side = self.unet.config.sample_size
        latent = torch.randn(1, 4, self.side, self.side, dtype=kind)
        self.latents, self.t = torch.cat([latent] * 2), torch.tensor(481)
        self.texts = torch.cat([self.encode(PROMPT), self.encode("")])
        self.results = {}

    @torch.no_grad()
    def encode(self, prompt):
        ids = self.pipe.tokenizer([prompt], padding="max_length", max_length=self.pipe.tokenizer.model_max_length, truncation=True, return_tensors="pt").input_ids
        return self.pipe.text_encoder(ids)[0]

    @torch.no_grad()
    def forward(self):
        self.unet(self.latents, self.t, encoder_hidden_states=self.texts).sample

    def gradient(self):
        eps = self.unet(self.latents, self.t, encoder_hidden_states=self.texts).sample
        self.unet.zero_grad()
        ((eps[0] - eps[1].detach()) ** 2).sum().backward()

    @torch.no_grad()
    def decode(self):
        self.pipe.vae.decode(self.latents[:1]).sample

    def loop(self):
        import compute_positive_neurons as public
        public.tqdm = lambda values, *_, **__: values
        self.pipe.scheduler.set_timesteps(A.steps)
        public.get_score(self.pipe, PROMPT, "", 3, "cpu", A.loop_steps)
        self.unet.zero_grad()

    def case(self, name):
        if name not in self.results:
            self.results[name] = self.run(name)
        return self.results[name]

    def run(self, name):
        if name == "text-encode":
            return measure(name, "one prompt", lambda: self.encode(PROMPT))
        if name == "unet-forward":
            return measure(name, "batch of 2, no gradient", self.forward)
        if name == "unet-gradient-all":
            result = measure(name, "batch of 2, gradients of every parameter", self.gradient)
            self.unet.zero_grad(set_to_none=True)
            return result
        if name == "unet-gradient":
            return dict(self.case("unet-gradient-all"), name=name, note="the public code asks for the gradients of every parameter")
        if name == "vae-decode":
            return measure(name, "one image", self.decode)
        if name == "generate":
            return measure(name, f"one image, {A.generation_steps} DDIM steps under guidance",
                           lambda: self.pipe(PROMPT, num_inference_steps=A.generation_steps, guidance_scale=5, output_type="np"))
        if name == "attribution-restart":
            return dict(self.case("attribution-trajectory"), name=name)
        forward, gradient = self.case("unet-forward")["cpuSeconds"], self.case("unet-gradient-all")["cpuSeconds"]
        cost = lambda n: n * (n + 1) / 2 * forward + n * gradient
        part = measure(name, "", self.loop, warm_up=False, runs=1)
        return scaled(part, name, cost(A.steps) / cost(A.loop_steps),
                      f"the public loop of {A.steps} steps, computed from the {part['seconds']} s that {A.loop_steps} steps took")


bench = Bench()
done = [bench.case(name) for name in CASES if not A.case or name in A.case]
report = dict(program="diffusers and the public CAD code", model=A.model, parameters=sum(p.numel() for p in bench.unet.parameters()), latent=bench.side, threads=A.threads,
              library=f"torch {torch.__version__}", cases=done)
json.dump(report, open(A.out, "w"), indent=2)
for result in done:
    print(f"{result['name']:26} {result['seconds']:10.3f} s {result['cpuSeconds']:10.3f} cpu s  peak {result['peakMiB']} MiB")
