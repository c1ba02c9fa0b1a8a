#!/bin/sh
# Give every module its relative link in library/, so that playbooks in the checkout can use short names.
# One link a file: ansible-test refuses a link to a directory.
set -eu
cd "$(dirname "$0")/../library"

find . -type l -exec rm -f {} +
for module in ../plugins/modules/*.py; do
    [ -e "$module" ] || continue
    ln -s "$module" .
done
