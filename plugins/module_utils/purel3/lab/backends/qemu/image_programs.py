# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The programs that make disk images."""

from __future__ import annotations

import os
import shutil
import subprocess
import typing as t

from ....base.errors import FabricError, MissingDependency

# Nothing of what runs inside outlives the caller, whatever ends it, and its mounts are seen by nobody else.
_CONFINED = ("setpriv", "--pdeathsig", "KILL", "unshare", "--pid", "--fork", "--kill-child", "--mount-proc")
_PACKAGES = {
    "chroot": "coreutils",
    "mke2fs": "e2fsprogs",
    "qemu-img": "qemu-utils",
    "setpriv": "util-linux",
    "unshare": "util-linux",
}
_SEARCH = ("/usr/local/sbin", "/usr/sbin", "/sbin")
_SECONDS = 1800
_SHOWN_LINES = 15


def require(names: t.Iterable[str]) -> None:
    """Check that programs are installed; raises MissingDependency with all that are not and their packages."""
    missing = sorted(name for name in names if shutil.which(name, path=_path()) is None)
    if missing:
        packages = " ".join(sorted({_PACKAGES.get(name, name) for name in missing}))
        raise MissingDependency(
            f"lab: programs that make disk images are missing on this machine: {', '.join(missing)}; "
            f"install them: apt-get install {packages}"
        )


def run(
    program: str, *arguments: str, purpose: str, given: str = "", environment: t.Optional[t.Mapping[str, str]] = None
) -> str:
    """Run a program that ends when we do.

    purpose: what for, in words that follow "cannot".
    given: its standard input.
    environment: added to this process's own.

    Raises FabricError where it failed, with the end of what it said, or took half an hour; MissingDependency.
    """
    require((program, "setpriv", "unshare"))
    try:
        done = subprocess.run(
            [*_CONFINED, program, *arguments],
            input=given,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_SECONDS,
            check=False,
            env={**os.environ, "LC_ALL": "C.UTF-8", "PATH": _path(), **(environment or {})},
        )
    except subprocess.TimeoutExpired as error:
        raise FabricError(f"lab: cannot {purpose}: {program} was not done after {_SECONDS} s; run it again") from error
    if done.returncode != 0:
        said = "\n".join((done.stdout + done.stderr).strip().splitlines()[-_SHOWN_LINES:])
        raise FabricError(
            f"lab: cannot {purpose}: {program} ended with {done.returncode}; "
            f"correct what it complains about, and run it again. The end of what it said:\n{said}"
        )
    return done.stdout


def _path() -> str:
    return os.pathsep.join((os.environ.get("PATH", os.defpath), *_SEARCH))
