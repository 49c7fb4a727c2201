# shellcheck shell=bash
# What measurements on the live network begin with. Sourced, not run; needs bash and `deploy`.
# shellcheck source-path=SCRIPTDIR

project=$(dirname "${deploy:?}")
# shellcheck source=packages.sh
source "$deploy/lib/packages.sh"
# shellcheck source=environment.sh
source "$deploy/lib/environment.sh"
# shellcheck source=live-programs.sh
source "$deploy/lib/live-programs.sh"

# prepare_measurement: fills live_programs, the folder for unpacked programs, and programs, the folder
# of the built ones: TAGLINE_BIN_DIR, if set.
prepare_measurement() {
  local log product
  require_root
  live_programs=$project/.build-tests/live-programs
  mkdir -p "$live_programs"
  find_live_programs "$live_programs"
  programs=${TAGLINE_BIN_DIR:+$(realpath -m "$TAGLINE_BIN_DIR")}
  [[ -z "$programs" ]] || return 0
  install_packages "${SWIFT_NEEDS[@]}" libdpdk-dev libnuma-dev libpcap-dev libbpf-dev linux-libc-dev
  find_swift
  log=$project/.build-tests/live-build.log
  echo "Building (some minutes the first time)" >&2
  for product in tagline taglinectl tagline-endpoint; do
    run_quietly "$log" \
      swift build --package-path "$project" -c release -j 2 --product "$product" || exit 1
  done
  programs=$(swift build --package-path "$project" -c release --show-bin-path)
}
