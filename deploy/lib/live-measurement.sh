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
  require_root
  live_programs=$project/.build-tests/live-programs
  mkdir -p "$live_programs"
  find_live_programs "$live_programs"
  programs=${TAGLINE_BIN_DIR:+$(realpath -m "$TAGLINE_BIN_DIR")}
  [[ -z "$programs" ]] || return 0
  install_packages "${BUILD_NEEDS[@]}"
  find_swift
  build_programs "$project" "$project/.build-tests/live-build.log" \
    tagline taglinectl tagline-endpoint >&2
}
