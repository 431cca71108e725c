#!/usr/bin/env bash
# Measures this program and another in turn, case by case, so that both meet the same machine, and prints the least of each. The other is the
# reference (--sources), or this program in another checkout (--checkout), for example of an older commit.
#   benchmarks/beside.sh --model FOLDER {--sources FOLDER | --checkout FOLDER} [--threads N] [--rounds N] [--repeat N] [--cases "NAME ..."]
#     [--options "..."] [--out FOLDER]
# Default of --out: data/bench/beside/MODEL-THREADS.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
threads=$(nproc) rounds=3 repeat=5 model='' sources='' checkout='' options='' out=''
cases="text-encode unet-forward unet-gradient unet-gradient-all vae-decode generate attribution-trajectory"
while [ $# -gt 0 ]; do
  case $1 in
    --model) model=$2 ;;
    --sources) sources=$2 ;;
    --checkout) checkout=$2 ;;
    --threads) threads=$2 ;;
    --rounds) rounds=$2 ;;
    --repeat) repeat=$2 ;;
    --cases) cases=$2 ;;
    --options) options=$2 ;; # for both programs with --checkout, such as "--steps 3 --generation-steps 4"
    --out) out=$2 ;;
    *) echo "unknown option $1" >&2; exit 2 ;;
  esac
  shift 2
done
[ -d "$model" ] && [ -d "$sources$checkout" ] || { echo "Expected a model folder as --model, got \"$model\", and one folder as --sources or --checkout, got \"$sources$checkout\"." >&2; exit 2; }
model=$(realpath "$model")
out=${out:-$root/data/bench/beside/$(basename "$model")-$threads}
mkdir -p "$out"
# The table takes the least of a folder's rounds, which must be of one model and one number of threads.
made="$model, $threads threads${checkout:+, beside $checkout}"
if [ -f "$out/made-of" ] && [ "$(cat "$out/made-of")" != "$made" ]; then
  echo "Expected $out to hold measurements of $made, it has those of $(cat "$out/made-of"): choose another folder with --out." >&2
  exit 2
fi
echo "$made" > "$out/made-of"
for round in $(seq "$rounds"); do
  for name in $cases; do
    "$root/portal" bench --model "$model" --threads "$threads" --repeat "$repeat" $options --case "$name" --out "$out/ours.$name.$round.json" --json >/dev/null
    if [ -n "$checkout" ]; then
      "$checkout/portal" bench --model "$model" --threads "$threads" --repeat "$repeat" $options --case "$name" --out "$out/theirs.$name.$round.json" --json >/dev/null
      continue
    fi
    /usr/bin/python3 "$root/benchmarks/reference.py" --model "$model" --sources "$sources" --threads "$threads" --repeat "$repeat" --case "$name" --out "$out/theirs.$name.$round.json" >/dev/null
  done
done
/usr/bin/python3 "$root/benchmarks/table.py" "$out"
