#!/usr/bin/env python3
"""Prints the least time of each case over the rounds that beside.sh wrote into a folder, and the median, ours divided by the other's."""
import glob
import json
import os
import statistics
import sys


reports = {path: json.load(open(path)) for path in sorted(glob.glob(os.path.join(sys.argv[1], "*.json")))}
made_of = {(report["parameters"], report["latent"], report["threads"]) for report in reports.values()}
if len(made_of) > 1:
    sys.exit("Expected measurements of one model and one number of threads, got several: "
             + "; ".join(f"{parameters:,} parameters, latents of {latent}, {threads} threads" for parameters, latent, threads in sorted(made_of)))


def summary(kind, name):
    runs = [next(c for c in report["cases"] if c["name"] == name) for path, report in reports.items() if os.path.basename(path).startswith(f"{kind}.{name}.")]
    if not runs:
        return None
    least = {key: min(run[key] for run in runs) for key in ("seconds", "cpuSeconds", "peakMiB")}
    return least | {"median": statistics.median(run["medianSeconds"] for run in runs)}


names = sorted({os.path.basename(path).split(".")[1] for path in glob.glob(os.path.join(sys.argv[1], "ours.*.json"))})
print("| case | seconds | other | ratio | median | other | ratio | cpu s | other | ratio | peak MiB | other |\n|---|---|---|---|---|---|---|---|---|---|---|---|")
for name in names:
    ours, theirs = summary("ours", name), summary("theirs", name)
    if ours and theirs:
        print(f"| {name} | {ours['seconds']:.3f} | {theirs['seconds']:.3f} | {ours['seconds'] / theirs['seconds']:.2f} "
              f"| {ours['median']:.3f} | {theirs['median']:.3f} | {ours['median'] / theirs['median']:.2f} | {ours['cpuSeconds']:.3f} | {theirs['cpuSeconds']:.3f} "
              f"| {ours['cpuSeconds'] / theirs['cpuSeconds']:.2f} | {ours['peakMiB']:,} | {theirs['peakMiB']:,} |")
