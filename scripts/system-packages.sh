#!/usr/bin/env bash
# Installs the Debian packages that parts of the project need and that are missing.
#
#   scripts/system-packages.sh                   installs them (as root)
#   scripts/system-packages.sh GROUP...          those of these groups: base, etcd, zookeeper, redis
#   scripts/system-packages.sh --check [GROUP...]  only says what is missing; exit code 1 if something is
#
# Running Tranca needs none of them. base (what is meant without a group): python3 for the tests of the Python
# client, iproute2 for drills with hosts of their own. etcd, zookeeper, redis: a server to measure against, and
# what its load program is built with; on a system with systemd, Debian starts these servers when it installs them.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin

check=false
if [ "${1:-}" = --check ]; then
  check=true
  shift
fi
[ "$#" -gt 0 ] || set -- base

# command:package or /file:package
needed=()
for group in "$@"; do
  case $group in
    base) needed+=(python3:python3 ip:iproute2) ;;
    etcd)
      needed+=(etcd:etcd-server go:golang-go
        /usr/share/gocode/src/go.etcd.io/etcd/clientv3/client.go:golang-etcd-server-dev)
      ;;
    zookeeper)
      needed+=(/usr/share/java/zookeeper.jar:libzookeeper-java java:default-jre-headless
        javac:default-jdk-headless)
      ;;
    redis) needed+=(redis-server:redis-server cc:gcc /usr/include/hiredis/hiredis.h:libhiredis-dev) ;;
    *)
      echo "system packages: no group is called $group; there are base, etcd, zookeeper and redis" >&2
      exit 2
      ;;
  esac
done

missing=()
for entry in "${needed[@]}"; do
  what=${entry%%:*}
  case $what in
    /*) [ -e "$what" ] ;;
    *) command -v "$what" >/dev/null 2>&1 ;;
  esac || missing+=("${entry##*:}")
done

if [ "${#missing[@]}" -eq 0 ]; then
  echo "system packages: nothing is missing"
  exit 0
fi
if $check; then
  echo "system packages missing: ${missing[*]}"
  exit 1
fi
if ! command -v apt-get >/dev/null 2>&1; then
  echo "system packages missing: ${missing[*]}; this system has no apt-get: install them by its own means" >&2
  exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
  echo "system packages missing: ${missing[*]}; install them as root: sudo $0 $*" >&2
  exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}"
