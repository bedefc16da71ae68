#!/usr/bin/env bash
# Installs the Debian packages that parts of the project need and that are missing.
#
#   scripts/system-packages.sh           installs them (as root)
#   scripts/system-packages.sh --check   only says what is missing; exit code 1 if something is
#
# Running Tranca needs none of them. Tests: python3, for the Python client. Drills with hosts of their own: iproute2.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin

# command:package
needed=(python3:python3 ip:iproute2)

missing=()
for entry in "${needed[@]}"; do
  command -v "${entry%%:*}" >/dev/null 2>&1 || missing+=("${entry##*:}")
done

if [ "${#missing[@]}" -eq 0 ]; then
  echo "system packages: nothing is missing"
  exit 0
fi
if [ "${1:-}" = --check ]; then
  echo "system packages missing: ${missing[*]}"
  exit 1
fi
if ! command -v apt-get >/dev/null 2>&1; then
  echo "system packages missing: ${missing[*]}; this system has no apt-get: install them by its own means" >&2
  exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
  echo "system packages missing: ${missing[*]}; install them as root: sudo $0" >&2
  exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}"
