#!/usr/bin/env bash
# What takes the place of a weight, besides zero: fills, protected scores and posterior suppression, on one attribution each of some objects
# of the embedded model. Prints a Markdown table. Usage: benchmarks/fills.sh [OBJECT:NEIGHBOUR...]   (DOSE and THREADS from the environment)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
dose=${DOSE:-0.03} threads=${THREADS:-1}
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
portal=${PORTAL:-./portal}
row() { # OBJECT NAME EDIT.json SEEN.json
  python3 - "$@" <<'PY'
import json, sys
edit, seen = (json.load(open(path)) for path in sys.argv[3:5])
found, kept = seen["target"]["detection"], seen["retention"]
print(f"| {sys.argv[1]} | {sys.argv[2]} | {edit['ablatedWeights']:,} | {found['after']:.0%} ({found['n']}) | {kept['mean']:.2f} / {kept['worst']:.2f} "
      f"| {seen['clipScore']['after']:.1f} | {seen['fid']['value']:.3f} |")
PY
}
attribute() { # OBJECT FILE
  local prompts=()
  for style in noto twemoji fluent sketch; do prompts+=(-p "a picture of a $1 in the style of $style"); done
  $portal attribute "${prompts[@]}" --base "" --steps 20 --seeds 2 --threads "$threads" -o "$2" --json > /dev/null
}
echo "| object | edit | weights | target left (n) | retention mean / worst | CLIP score | FID |"
echo "|---|---|---|---|---|---|---|"
for pair in "${@:-dog:cat}"; do
  object=${pair%:*} neighbour=${pair#*:}
  attribute "$object" "$work/scores.safetensors"
  attribute "$neighbour" "$work/protect.safetensors"
  try() { # NAME OPTIONS...
    local name=$1; shift
    $portal erase -s "$work/scores.safetensors" -r "$dose" --threads "$threads" -o "$work/patch.safetensors" --json "$@" > "$work/edit.json"
    $portal evaluate --concept "object:$object" --patch "$work/patch.safetensors" --targets 16 --per-concept 3 --steps 12 --threads "$threads" --json > "$work/seen.json"
    row "$object" "$name" "$work/edit.json" "$work/seen.json"
  }
  try "CAD: zero"
  try "scaled by 0.3" --fill scale:0.3
  try "noise" --fill noise
  try "mean of the row" --fill mean
  try "zero, *$neighbour* protected" --protect "$work/protect.safetensors"
  try "APP" --method app --keep "a picture of a $neighbour in the style of fluent" --keep "a picture of a $neighbour in the style of noto"
done
