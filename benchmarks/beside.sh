#!/usr/bin/env bash
# Measures this program and the reference in turn, case by case, so that both meet the same machine, and prints the least of each.
#   benchmarks/beside.sh --model FOLDER --sources FOLDER [--threads N] [--rounds N] [--repeat N] [--cases "NAME ..."] [--out FOLDER]
# Default of --out: data/bench/beside/MODEL-THREADS.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
threads=$(nproc) rounds=3 repeat=5 model='' sources='' out=''
cases="text-encode unet-forward unet-gradient unet-gradient-all vae-decode generate attribution-trajectory"
while [ $# -gt 0 ]; do
  case $1 in
    --model) model=$2 ;;
    --sources) sources=$2 ;;
    --threads) threads=$2 ;;
    --rounds) rounds=$2 ;;
    --repeat) repeat=$2 ;;
    --cases) cases=$2 ;;
    --out) out=$2 ;;
    *) echo "unknown option $1" >&2; exit 2 ;;
  esac
  shift 2
done
[ -d "$model" ] && [ -d "$sources" ] || { echo "Expected a model folder as --model and the reference's as --sources, got \"$model\" and \"$sources\"." >&2; exit 2; }
model=$(realpath "$model")
out=${out:-$root/data/bench/beside/$(basename "$model")-$threads}
mkdir -p "$out"
# The table takes the least of a folder's rounds, which must be of one model and one number of threads.
made="$model, $threads threads"
if [ -f "$out/made-of" ] && [ "$(cat "$out/made-of")" != "$made" ]; then
  echo "Expected $out to hold measurements of $made, it has those of $(cat "$out/made-of"): choose another folder with --out." >&2
  exit 2
fi
echo "$made" > "$out/made-of"
for round in $(seq "$rounds"); do
  for name in $cases; do
    "$root/portal" bench --model "$model" --threads "$threads" --repeat "$repeat" --case "$name" --out "$out/ours.$name.$round.json" --json >/dev/null
    /usr/bin/python3 "$root/benchmarks/reference.py" --model "$model" --sources "$sources" --threads "$threads" --repeat "$repeat" --case "$name" --out "$out/theirs.$name.$round.json" >/dev/null
  done
done
/usr/bin/python3 "$root/benchmarks/table.py" "$out"
