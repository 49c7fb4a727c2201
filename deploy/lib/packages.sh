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

# unpack_package NAME FILE FOLDER
# Unpacks one of a package's folders, usr/bin for /usr/bin/NAME, into FOLDER, unless FILE is there or
# the package is installed: for programs whose package would set up a service on this machine.
unpack_package() {
  local name=$1 file=$2 folder=$3 download status=0
  if package_installed "$name" || [[ -e "$folder/$file" ]]; then return; fi
  if ! command -v apt-get >/dev/null; then
    echo "This is no Debian: put ${file##*/} into $folder/${file%/*}" >&2
    exit 2
  fi
  echo "Unpacking package $name into $folder"
  download=$(mktemp -d)
  mkdir -p "$folder"
  {
    download_package "$name" "$download" ||
      { apt-get -qq update && download_package "$name" "$download"; }
  } >"$download/log" 2>&1 || status=$?
  if ((status == 0)); then
    dpkg --fsys-tarfile "$download/$name"_*.deb | tar -x -C "$folder" "./${file%/*}" || status=$?
  else
    tail -n 15 "$download/log" >&2
  fi
  rm -rf "$download"
  if ((status != 0)); then
    echo "Downloading $name failed. Run: sudo apt-get update, and try again" >&2
    exit 2
  fi
}

# download_package NAME FOLDER
download_package() {
  (cd "$2" && apt-get -qq -o DPkg::Lock::Timeout=600 download "$1")
}

apt_get_install() {
  DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=600 \
    install -y --no-install-recommends "$@"
}
