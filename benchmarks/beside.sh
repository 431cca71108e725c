#!/usr/bin/env bash
# Measures this program and the reference in turn, case by case, so that both meet the same machine, and prints the least of each.
#   benchmarks/beside.sh --model FOLDER --sources FOLDER [--threads N] [--rounds N] [--repeat N] [--cases "NAME ..."] [--out FOLDER]
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
threads=$(nproc) rounds=3 repeat=5 out=data/bench/beside
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
mkdir -p "$out"
for round in $(seq "$rounds"); do
  for name in $cases; do
    "$root/portal" bench --model "$model" --threads "$threads" --repeat "$repeat" --case "$name" --out "$out/ours.$name.$round.json" --json >/dev/null
    /usr/bin/python3 "$root/benchmarks/reference.py" --model "$model" --sources "$sources" --threads "$threads" --repeat "$repeat" --case "$name" --out "$out/theirs.$name.$round.json" >/dev/null
  done
done
/usr/bin/python3 "$root/benchmarks/table.py" "$out"
