# shellcheck shell=bash
# What the hosts of the live network run. Sourced after packages.sh, not run; needs bash.

# find_live_programs FOLDER
# Installs what is missing and puts it into PATH. nginx is unpacked into FOLDER, with its libraries
# installed: its package would start a server on this machine.
find_live_programs() {
  local folder
  folder=$(realpath -m "$1")
  install_packages bind9-dnsutils curl dnsmasq-base ethtool iperf3 iproute2 libcrypt1 libpcre2-8-0 \
    libssl3 python3 python3-yaml tcpdump util-linux wrk zlib1g
  unpack_package nginx usr/sbin/nginx "$folder"
  # sudo and cron may leave sbin out.
  export PATH=$folder/usr/sbin:$PATH:/usr/sbin:/sbin
}
