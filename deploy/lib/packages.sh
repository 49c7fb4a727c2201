# shellcheck shell=bash
# Installs missing Debian packages. Sourced, not run; needs bash.

# package_installed NAME
package_installed() {
  [[ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" == installed ]]
}

# install_packages NAME...
# Installs with apt-get those that are missing and says so. Without root it ends the script with
# exit code 2 and the command to run.
install_packages() {
  local -a missing=()
  local name
  for name in "$@"; do
    package_installed "$name" || missing+=("$name")
  done
  ((${#missing[@]})) || return 0

  if ! command -v apt-get >/dev/null; then
    echo "These packages are missing, and this is no Debian: ${missing[*]}" >&2
    exit 2
  fi
  if ((EUID != 0)); then
    echo "Packages are missing. Run: sudo apt-get install -y ${missing[*]}" >&2
    exit 2
  fi

  echo "Installing packages: ${missing[*]}"
  # The lists of a fresh machine are empty or old, so a failed install gets one update and a retry.
  local log
  log=$(mktemp)
  if ! apt_get_install "${missing[@]}" >"$log" 2>&1; then
    if ! { apt-get -qq update && apt_get_install "${missing[@]}"; } >"$log" 2>&1; then
      tail -n 15 "$log" >&2
      rm -f "$log"
      echo "Installing failed. Run: apt-get update && apt-get install -y ${missing[*]}" >&2
      exit 2
    fi
  fi
  rm -f "$log"
}

apt_get_install() {
  DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=600 \
    install -y --no-install-recommends "$@"
}
