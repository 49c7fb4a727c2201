# The stages of run-tests. Sourced, not run; needs bash. Each stage is a function `stage_NAME` that
# runs at the top of the project and fails or not.
# shellcheck disable=SC2034 # run-tests reads the tables.

STAGES=(packages lint tools unit release test gate budgets bench address fuzz end-to-end endpoint live
  demo readme)
SLOW_STAGES=(address end-to-end live)

declare -A STAGE_TITLES=(
  [packages]="Debian packages that the tests need"
  [lint]="swift format and shellcheck"
  [tools]="tests of the gate, the budgets and the counting of tests"
  [unit]="unit tests of the pure modules, without DPDK"
  [release]="release build of every executable"
  [test]="unit tests of data plane, management and client"
  [gate]="machine-code gate over the packet path"
  [budgets]="instructions a packet, by callgrind"
  [bench]="the benchmark runs and measures what it says"
  [address]="unit tests of pure modules and data plane under AddressSanitizer"
  [fuzz]="fuzzers over packet analyser and label tests"
  [end-to-end]="the built appliance on captures"
  [endpoint]="the label endpoint in the kernel, on hosts in network namespaces"
  [live]="the appliance between real hosts in network namespaces"
  [demo]="deploy/run-demo"
  [readme]="the README's commands as written"
)

# Seconds after which a stage counts as hung.
declare -A STAGE_LIMITS=(
  [packages]=900 [lint]=300 [tools]=300 [unit]=900 [release]=1800 [test]=1800 [gate]=600
  [budgets]=600 [bench]=600
  [address]=1800 [fuzz]=600 [end-to-end]=2400 [endpoint]=900 [live]=2400
  [demo]=1800 [readme]=1800
)

list_stages() {
  local stage
  for stage in "${STAGES[@]}"; do
    printf '%-12s %s\n' "$stage" "${STAGE_TITLES[$stage]}"
  done
}

# Debian's Python, for which python3-scapy, -pytest and -yaml are installed.
run_pytest() {
  /usr/bin/python3 -m pytest -q -p no:cacheprovider "$@"
}

stage_packages() {
  # shellcheck source=packages.sh
  source deploy/lib/packages.sh
  # shellcheck source=environment.sh
  source deploy/lib/environment.sh
  install_packages "${BUILD_NEEDS[@]}" dpdk dpdk-dev binutils iproute2 iputils-ping ethtool tcpdump \
    tshark python3 python3-scapy python3-pytest python3-yaml shellcheck valgrind
  unpack_package prometheus usr/bin/promtool .build-tests/prometheus
  # shellcheck source=live-programs.sh
  source deploy/lib/live-programs.sh
  find_contenders .build-tests/live-programs
}

stage_lint() {
  local file status=0
  local -a scripts=()
  swift format lint --strict -r Plugins Sources Tests Package.swift || status=1
  while IFS= read -r file; do
    if [[ $file == *.sh ]] || head -n 1 "$file" | grep -qaE '^#!.*\bbash$'; then
      scripts+=("$file")
    fi
  done < <(find . \( -name '.build*' -o -name .git -o -name demo-out \) -prune -o -type f -print)
  shellcheck --shell=bash -x -P SCRIPTDIR "${scripts[@]}" || status=1
  return "$status"
}

stage_tools() {
  run_pytest Tests/hot-path-gate Tests/run-tests Tests/budgets
}

stage_unit() {
  TAGLINE_PURE=1 swift test --disable-xctest -j 2 --scratch-path .build-pure
}

stage_release() {
  swift build -c release -j 2
}

stage_test() {
  # The pure modules had their turn.
  swift test --disable-xctest -j 2 \
    --skip '^(Wire|Snapshots|Labels|Sessions|Balancing|Simulation|AdminProtocol|Pcapng)Tests\.'
}

stage_gate() {
  Tests/hot-path-gate/hot-path-gate "$(release_folder)/tagline" Tests/hot-path-roots.txt
}

stage_budgets() {
  Tests/budgets/check-budgets --bench "$(release_folder)/tagline-bench"
}

stage_bench() {
  TAGLINE_BIN_DIR=$(release_folder) run_pytest Tests/bench
}

stage_address() {
  # LeakSanitizer reports what the test runner itself leaves behind.
  export TAGLINE_DATAPLANE=1 ASAN_OPTIONS=detect_leaks=0 SWIFT_BACKTRACE=enable=no
  # Optimised, as the packet path is shipped: without, the tests run six times as long.
  swift test -c release -Xswiftc -enable-testing --disable-xctest -j 2 --sanitize=address \
    --scratch-path .build-asan
}

stage_fuzz() {
  if [[ -n ${TAGLINE_QUICK:-} ]]; then Tests/fuzz/run 10; else Tests/fuzz/run 60; fi
}

stage_end-to-end() {
  TAGLINE_BIN_DIR=$(release_folder) run_pytest Tests/EndToEnd
}

stage_endpoint() {
  TAGLINE_BIN_DIR=$(release_folder) run_pytest Tests/Endpoint
}

stage_live() {
  # shellcheck source=packages.sh
  source deploy/lib/packages.sh
  # shellcheck source=live-programs.sh
  source deploy/lib/live-programs.sh
  find_live_programs .build-tests/live-programs
  TAGLINE_BIN_DIR=$(release_folder) run_pytest Tests/Live
}

stage_demo() {
  deploy/run-demo
}

stage_readme() {
  run_pytest Tests/readme
}

release_folder() {
  swift build -c release --show-bin-path
}
