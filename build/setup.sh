# Sourced by run, test and portal: finds the repository, installs what is missing, builds.
# Needs the .NET 10 SDK; everything else comes from apt and NuGet.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
configuration=Release
cli="$root/artifacts/bin/SafetyPortal.Cli/release/SafetyPortal.Cli.dll"
stamp="$root/artifacts/built" # as old as the newest source the program was built from, or younger

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
  command -v dotnet >/dev/null && dotnet --list-sdks | grep -q '^10\.' && return 0
  say "The .NET 10 SDK is needed: https://dotnet.microsoft.com/download/dotnet/10.0"
  exit 1
}

# stale: whether the program is missing or something it is made of changed since it was built; folders count, so that removed files do too.
stale() {
  [ -f "$cli" ] || return 0
  # Someone may have built it by hand since, with options of their own.
  local since=$cli
  [ "$stamp" -nt "$cli" ] && since=$stamp
  [ -n "$(cd "$root" && find src migrations build Directory.*.props Directory.*.targets global.json -newer "$since" -print -quit 2>/dev/null)" ]
}

# build TARGET [OPTION ...]: quiet on success, the whole log on failure. One compiler process serves all projects; it ends by itself when idle.
build() {
  local target=$1 log
  shift
  log=$(mktemp)
  mkdir -p "$root/artifacts"
  touch "$stamp.begun"
  if ! dotnet build "$root/$target" -c "$configuration" -v quiet -nologo -nodeReuse:false -p:UseSharedCompilation=true "$@" </dev/null >"$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    exit 1
  fi
  rm -f "$log"
  mv "$stamp.begun" "$stamp"
}
