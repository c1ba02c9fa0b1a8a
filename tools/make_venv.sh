#!/bin/sh
# Bring .venv to the pinned requirements: `run` (what the lab needs) or `dev` (what the checks need as well).
set -eu
cd "$(dirname "$0")/.."

link_command() {
    if [ -e scripts/purel3 ]; then ln -sf ../../scripts/purel3 .venv/bin/purel3; fi
}

kind=$1
python=/usr/bin/python3
[ -x "$python" ] || python=$(command -v python3)

# A moved checkout, another Python or other pins make the environment stale.
wanted=$(pwd; "$python" --version; cat requirements/run.txt requirements/constraints.txt)
if [ "$kind" = dev ]; then wanted="$wanted $(cat requirements/dev.txt)"; fi
wanted=$(printf '%s' "$wanted" | sha256sum)

if [ "$(cat ".venv/$kind.stamp" 2>/dev/null)" = "$wanted" ] && .venv/bin/python -c ''; then
    link_command
    echo "python: .venv is up to date ($kind)"
    exit 0
fi
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "python: $python is $("$python" --version), and ansible-core needs 3.11 or newer" >&2
    exit 1
fi
if ! .venv/bin/python -c "import sys; sys.exit(not sys.prefix == '$(pwd)/.venv')" 2>/dev/null; then
    echo "python: making .venv with $python"
    rm -rf .venv
    "$python" -m venv .venv
fi
echo "python: installing requirements/$kind.txt"
.venv/bin/python -m pip install --disable-pip-version-check -c requirements/constraints.txt -r "requirements/$kind.txt"
link_command
printf '%s\n' "$wanted" >".venv/$kind.stamp"
