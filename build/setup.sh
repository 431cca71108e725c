# Sourced by run, test and portal: finds the repository, installs what is missing, builds.
# Needs the .NET 10 SDK; everything else comes from apt and NuGet.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
configuration=Release

# program PROJECT: the program a project builds to. stamp TARGET: touched when the target was built; a program whose content stays is not written again.
program() { printf '%s' "$root/artifacts/bin/$1/release/$1.dll"; }
stamp() { printf '%s' "$root/artifacts/built.$(basename "$1")"; }

browser_packages=(chromium fonts-dejavu-core)

say() { printf '%s\n' "$*" >&2; }

# need_packages NAME...: installs the missing ones when root, otherwise says exactly what to install.
need_packages() {
  local missing=() name
  for name in "$@"; do
    dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q 'install ok installed' || missing+=("$name")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  if [ "$(id -u)" -ne 0 ]; then
    say "Missing packages. Install them and start again:"
    say "  sudo apt-get update && sudo apt-get install -y --no-install-recommends ${missing[*]}"
    exit 1
  fi
  say "Installing ${missing[*]} ..."
  apt-get update -qq >&2
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

need_sdk() {
  command -v dotnet >/dev/null && dotnet --list-sdks | grep '^10\.' >/dev/null && return 0 # -q would close the pipe early
  say "The .NET 10 SDK is needed: https://dotnet.microsoft.com/download/dotnet/10.0"
  exit 1
}

# stale PROJECT: whether its program is missing or older than its sources; folders count, so that removed files do too.
stale() {
  local since built
  since=$(program "$1")
  [ -f "$since" ] || return 0
  for built in "$(stamp "$1")" "$(stamp SafetyPortal.sln)"; do
    [ "$built" -nt "$since" ] && since=$built
  done
  [ -n "$(cd "$root" && find src tools migrations wwwroot-assets build Directory.*.props Directory.*.targets global.json -newer "$since" -print -quit 2>/dev/null)" ]
}

# build TARGET [OPTION ...]: quiet on success, the whole log on failure. One compiler process serves all projects; it ends by itself when idle.
build() {
  local target=$1 log begun
  shift
  log=$(mktemp)
  begun="$(stamp "$target").begun"
  mkdir -p "$root/artifacts"
  touch "$begun"
  if ! dotnet build "$root/$target" -c "$configuration" -v quiet -nologo -nodeReuse:false -p:UseSharedCompilation=true "$@" </dev/null >"$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    exit 1
  fi
  rm -f "$log"
  mv "$begun" "$(stamp "$target")"
}
