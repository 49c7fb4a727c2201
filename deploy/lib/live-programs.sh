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
  # AppArmor confines tcpdump by its path, and might keep it from the files of the network's hosts.
  if [[ ! -e "$folder/usr/sbin/tcpdump" ]]; then
    install -D "$(command -v tcpdump)" "$folder/usr/sbin/tcpdump"
  fi
  # sudo and cron may leave sbin out.
  export PATH=$folder/usr/sbin:$PATH:/usr/sbin:/sbin
}

# find_contenders FOLDER
# As find_live_programs, and what stands in the appliance's place for comparison. Sets
# NGINX_STREAM_MODULE.
find_contenders() {
  local folder module=usr/lib/nginx/modules/ngx_stream_module.so
  find_live_programs "$1"
  folder=$(realpath -m "$1")
  install_packages coreutils dpdk-dev libc6 liblua5.3-0 libopentracing-c-wrapper0 libsystemd0
  unpack_package haproxy usr/sbin/haproxy "$folder"
  unpack_package libnginx-mod-stream "$module" "$folder"
  NGINX_STREAM_MODULE=/$module
  [[ ! -e "$folder/$module" ]] || NGINX_STREAM_MODULE=$folder/$module
  export NGINX_STREAM_MODULE
}
