#!/bin/sh
# Run a command as root, from the top of the checkout. Where that takes sudo, the files that it leaves in the checkout
# are given back to the user.
set -eu
cd "$(dirname "$0")/.."

if [ "$(id -u)" = 0 ]; then exec "$@"; fi
if ! command -v sudo >/dev/null; then
    echo "This needs root, and there is no sudo here; run it as root: $*" >&2
    exit 1
fi
echo "as root, with sudo: $*"
status=0
sudo env PATH="$PATH" LC_ALL="${LC_ALL:-C.UTF-8}" ANSIBLE_CONFIG="$PWD/ansible.cfg" "$@" || status=$?
sudo find . -xdev -uid 0 -exec chown -h "$(id -u):$(id -g)" {} +
exit "$status"
