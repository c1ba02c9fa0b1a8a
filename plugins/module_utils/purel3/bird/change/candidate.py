# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Step 4, candidate: a folder beside bird.conf with the files that are tried, until they take the place of the old."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import typing as t
from dataclasses import asdict, dataclass

from ...base.files import UNFINISHED, File, Ownership, read, rename, write
from .verify import Expected

FOLDER = "fabric_candidate"
PASSWORDS = "fabric_passwords.conf"

_STATE = "state.json"


@dataclass(frozen=True)
class Trial:
    """A configuration that BIRD runs, or is about to run, until it is confirmed.

    activated: when BIRD loads it, in seconds of the epoch.
    timeout: seconds after which BIRD undoes it.
    expected: what must be there again.
    """

    activated: float
    timeout: int
    expected: t.Tuple[Expected, ...] = ()


def folder_of(path: str) -> str:
    """Return where the candidate of a configuration stands."""
    return os.path.join(os.path.dirname(path), FOLDER)


def path_in(path: str) -> str:
    """Return the candidate of a configuration file itself."""
    return os.path.join(folder_of(path), os.path.basename(path))


def passwords_path(path: str) -> str:
    """Return the file with the passwords that a configuration includes."""
    return os.path.join(os.path.dirname(path), PASSWORDS)


def stage(path: str, config: File, passwords: t.Optional[File]) -> None:
    """Write a candidate for a configuration file; whatever was left of an earlier one goes.

    Raises OSError: it cannot be written; nothing is left of it.
    """
    folder = folder_of(path)
    remove(path)
    for leftover in (path + UNFINISHED, passwords_path(path) + UNFINISHED):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(leftover)
    os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
    try:
        os.mkdir(folder, 0o700)
        os.chown(folder, config.ownership.user, config.ownership.group)
        os.chmod(folder, 0o750)
        # Relative includes are looked for beside the file that names them.
        own = {os.path.basename(path), PASSWORDS, FOLDER}
        for name in os.listdir(os.path.dirname(path)):
            if name not in own and not name.endswith(UNFINISHED):
                os.symlink(os.path.join("..", name), os.path.join(folder, name))
        if passwords is not None:
            write(os.path.join(folder, PASSWORDS), passwords)
        write(path_in(path), config)
    except OSError:
        remove(path)
        raise


def remember(path: str, trial: Trial, ownership: Ownership) -> None:
    """Note beside a candidate what the one who confirms it must know; raises OSError."""
    write(os.path.join(folder_of(path), _STATE), File(json.dumps(asdict(trial)), ownership))


def recall(path: str) -> t.Optional[Trial]:
    """Read what is being tried: None where nothing is, or where the one who began it died before it told BIRD.

    Raises BirdError: it cannot be read.
    """
    file = read(os.path.join(folder_of(path), _STATE))
    if file is None:
        return None
    state = json.loads(file.text)
    expected = tuple(
        Expected(**{**one, "networks": tuple(one["networks"]), "in_kernel": tuple(one["in_kernel"])})
        for one in state["expected"]
    )
    return Trial(state["activated"], state["timeout"], expected)


def install(path: str, old_passwords: t.Optional[File], passwords: t.Optional[File], config: File) -> None:
    """Let a candidate take the place of the files; at any moment BIRD could start from what is there.

    Raises OSError: it cannot be written; running it again completes it.
    """
    target = passwords_path(path)
    if passwords is not None and passwords != old_passwords:
        before = [] if old_passwords is None else old_passwords.text.splitlines(keepends=True)
        text = _both(before, passwords.text.splitlines(keepends=True))
        write(target, File(text, passwords.ownership))
    if os.path.exists(path_in(path)):
        rename(path_in(path), path)
    else:
        write(path, config)
    if passwords is None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(target)
    elif passwords != old_passwords:
        write(target, passwords)
    remove(path)


def _both(old: t.Sequence[str], new: t.Sequence[str]) -> str:
    """Return new lines, and those old ones that define what the new ones do not."""
    names = {" ".join(line.split()[:2]) for line in new}
    kept = [line for line in old if line.startswith("define ") and " ".join(line.split()[:2]) not in names]
    return "".join([*kept, *new])


def remove(path: str) -> None:
    """Take the candidate of a configuration file away, if there is one."""
    shutil.rmtree(folder_of(path), ignore_errors=True)
