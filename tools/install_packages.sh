#!/bin/sh
# Install those of the named Debian or Ubuntu packages that are missing.
#
# The lab wants BIRD and FRR as programs only. So where bird2 or frr is installed here, it is neither started by its
# installation nor enabled at boot; one that was there before is left as it is.
set -eu

PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
policy=/usr/sbin/policy-rc.d
kept=$policy.kept-by-purel3
marker='purel3.fabric: no routing daemon must start while its package is being installed'

is_installed() {
    if [ "$1" = bird2 ] && command -v bird >/dev/null; then
        if bird --version 2>&1 | grep -Eq 'version ([2-9]|[1-9][0-9])'; then return 0; fi
        echo "packages: $(command -v bird) is $(bird --version 2>&1), and bird2 would replace it;" \
            "remove it yourself, or use another machine" >&2
        exit 1
    fi
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

install() {
    set -- -y --no-install-recommends -o DPkg::Lock::Timeout=300 install "$@"
    apt-get "$@" && return 0
    echo 'packages: not found in the lists as they are; updating the lists'
    apt-get update
    apt-get "$@"
}

forbid_start() {
    allow_start
    if [ -e "$policy" ] || [ -L "$policy" ]; then mv "$policy" "$kept"; fi
    cat >"$policy.new" <<SHIM
#!/bin/sh
# $marker
for word in "\$@"; do
    case \$word in bird | bird.service | frr | frr.service) exit 101 ;; esac
done
[ ! -x '$kept' ] || exec '$kept' "\$@"
SHIM
    chmod 755 "$policy.new"
    mv "$policy.new" "$policy"
}

# Also mends what an interrupted run left behind.
allow_start() {
    if [ -f "$policy" ] && grep -q "$marker" "$policy"; then rm -f "$policy"; fi
    if { [ -e "$kept" ] || [ -L "$kept" ]; } && [ ! -e "$policy" ]; then mv "$kept" "$policy"; fi
}

# Takes the package and the name of its service.
install_idle() {
    trap allow_start EXIT
    trap 'exit 130' INT TERM HUP
    forbid_start
    install "$1"
    allow_start
    if command -v systemctl >/dev/null; then
        systemctl disable "$2.service"
    elif command -v update-rc.d >/dev/null; then
        update-rc.d "$2" disable
    fi
    echo "packages: $1 is installed; its service is neither running nor enabled"
}

missing=
idle=
for package in "$@"; do
    if is_installed "$package"; then continue; fi
    case $package in
        bird2 | frr) idle="$idle $package" ;;
        *) missing="$missing $package" ;;
    esac
done
if [ -z "$missing$idle" ]; then
    echo "packages: all there ($*)"
    exit 0
fi
if ! command -v apt-get >/dev/null; then
    echo "packages: no apt-get here; install these yourself:$missing$idle" >&2
    exit 1
fi
if [ "$(id -u)" != 0 ]; then
    echo "packages: installing$missing$idle needs root: using sudo"
    exec sudo sh "$0" "$@"
fi
export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1
for package in $idle; do
    case $package in
        bird2) install_idle bird2 bird ;;
        *) install_idle "$package" "$package" ;;
    esac
done
if [ -n "$missing" ]; then
    # shellcheck disable=SC2086  # one word a package
    install $missing
fi
