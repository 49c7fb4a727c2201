# shellcheck shell=bash
# What the scripts need of the machine. Sourced, not run; needs bash.

# What building takes on a bare Debian 12: for the Swift toolchain to start, to fetch packages and to
# link, then the libraries.
# shellcheck disable=SC2034 # used by the scripts that source this
BUILD_NEEDS=(g++ git ca-certificates libncurses6 libcurl4
  libdpdk-dev libnuma-dev libpcap-dev libbpf-dev linux-libc-dev)

# require_root: ends the script with exit code 2 and the command to run unless it runs as root.
require_root() {
  ((EUID == 0)) && return
  echo "This needs root. Run: sudo $(realpath "$0")" >&2
  exit 2
}

# find_swift: puts the directory of the Swift toolchain into PATH. sudo resets PATH, so the usual
# places are searched too. Without one it ends the script with exit code 2.
find_swift() {
  command -v swift >/dev/null && return
  local home=${HOME:-/root} directory
  [[ -z "${SUDO_USER:-}" ]] || home=$(getent passwd "$SUDO_USER" | cut -d: -f6)
  for directory in /opt/*/usr/bin /usr/local/*/usr/bin \
    "$home/.local/share/swiftly/bin" "$home/swift/usr/bin"; do
    if [[ -x "$directory/swift" ]]; then
      PATH=$directory:$PATH
      return
    fi
  done
  echo "No Swift toolchain found. Install Swift 6.3 from https://www.swift.org/install/linux/" \
    "and put it into PATH." >&2
  exit 2
}

# run_quietly LOG COMMAND...: runs the command with its output in LOG, shown only if it fails.
run_quietly() {
  local log=$1 status=0
  shift
  "$@" >"$log" 2>&1 || status=$?
  ((status == 0)) && return
  # A build's errors come before much else; without any the end of the log tells most.
  grep -E '(^|[^a-z])error:' "$log" | sort -u | head -n 30 >&2 || tail -n 30 "$log" >&2
  echo "Failed ($status): $*; the whole log is $log" >&2
  return "$status"
}

# build_programs PROJECT LOG PRODUCT...: builds these for release and fills programs, the folder where
# they are. BUILD_OPTIONS: more for `swift build`. Ends the script with exit code 1 if one does not build.
BUILD_OPTIONS=()
build_programs() {
  local project=$1 log=$2 product
  shift 2
  echo "${BOLD:-}Building${PLAIN:-} (some minutes the first time)"
  for product in "$@"; do
    run_quietly "$log" \
      swift build --package-path "$project" -c release -j 2 "${BUILD_OPTIONS[@]}" \
      --product "$product" || exit 1
  done
  # shellcheck disable=SC2034 # used by the scripts that source this
  programs=$(swift build --package-path "$project" -c release "${BUILD_OPTIONS[@]}" --show-bin-path)
}

# set_colours: fills BOLD, GREEN, RED and PLAIN, empty under CI and where output is no terminal.
set_colours() {
  BOLD='' GREEN='' RED='' PLAIN=''
  if [[ -t 1 && -z "${CI:-}" && -z "${NO_COLOR:-}" ]]; then
    BOLD=$'\e[1m' GREEN=$'\e[32m' RED=$'\e[31m' PLAIN=$'\e[0m'
  fi
  export BOLD GREEN RED PLAIN
}
