#!/usr/bin/env bash
# What takes the place of a weight, besides zero: fills, protected scores and posterior suppression, on one attribution each of some objects
# of the embedded model. Prints a Markdown table. Usage: benchmarks/fills.sh [OBJECT...]   (DOSE and THREADS from the environment)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
dose=${DOSE:-0.03} threads=${THREADS:-1}
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
portal=${PORTAL:-./portal}
field() { python3 -c 'import functools, json, sys; print(functools.reduce(lambda d, k: d[k], sys.argv[1].split("."), json.load(sys.stdin)))' "$1"; }
attribute() { # OBJECT FILE
  local prompts=()
  for style in noto twemoji fluent sketch; do prompts+=(-p "a picture of a $1 in the style of $style"); done
  $portal attribute "${prompts[@]}" --base "" --steps 20 --seeds 2 --threads "$threads" -o "$2" --json > /dev/null
}
echo "| object | edit | weights | target left (n) | retention mean / worst | CLIP score | FID |"
echo "|---|---|---|---|---|---|---|"
for object in "${@:-dog}"; do
  attribute "$object" "$work/scores.safetensors"
  attribute bus "$work/protect.safetensors"
  try() { # NAME OPTIONS...
    local name=$1; shift
    $portal erase -s "$work/scores.safetensors" -r "$dose" --threads "$threads" -o "$work/patch.safetensors" --json "$@" > "$work/edit.json"
    $portal evaluate --concept "object:$object" --patch "$work/patch.safetensors" --targets 16 --per-concept 3 --steps 12 --threads "$threads" --json > "$work/seen.json"
    echo "| $object | $name | $(field ablatedWeights < "$work/edit.json") | $(field target.detection.after < "$work/seen.json") ($(field target.detection.n < "$work/seen.json")) | $(field retention.mean < "$work/seen.json") / $(field retention.worst < "$work/seen.json") | $(field clipScore.after < "$work/seen.json") | $(field fid.value < "$work/seen.json") |"
  }
  try "CAD: zero"
  try "scaled by 0.3" --fill scale:0.3
  try "noise" --fill noise
  try "mean of the row" --fill mean
  try "zero, *bus* protected" --protect "$work/protect.safetensors"
  try "APP" --method app --keep "a picture of a bus in the style of fluent" --keep "a picture of a cat in the style of noto"
done
