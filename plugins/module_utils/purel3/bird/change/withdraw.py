# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Instead of a change, our bird.conf goes: BIRD ends its sessions and routes, then the file found first comes back."""

from __future__ import annotations

import contextlib
import os
import typing as t

from ...base.errors import BirdError, KernelError
from ...base.files import File, read, write
from ...base.proposal import Proposal
from ...base.waiting import until, until_empty
from ...state.kinds.registry import describe
from ...state.kinds.route import ROUTE_PROTOCOLS, Route
from ...state.kinds.scope import Scope
from ...state.linux import reader
from ..talk.control import Control, connected
from ..talk.processes import find_processes
from ..talk.status import parse_protocols
from . import candidate
from .candidate import passwords_path
from .hold import FILE as HELD_FILE
from .read import ConfigOptions
from .seal import HELD_SYMBOL, PASSWORDS_SYMBOL, is_sealed, loaded_digest

_KEPT_KINDS = ("Device", "Kernel")
_TIMEOUT = 60.0
_RELOAD_TIMEOUT = 60.0
_LEFT = "no BIRD runs here, so the routes that one has left stay ({}): remove them by ip route flush proto bird"
_PAUSE = 0.05


def propose(request: ConfigOptions) -> Proposal:
    """Plan that neither file nor running BIRD holds anything of ours; a file that is not ours is left alone.

    Raises FabricError: the file cannot be read, or BIRD does not answer.
    """
    old, original = read(request.path), f"{request.path}.orig"
    is_ours = old is not None and is_sealed(old.text)
    first = read(original) if is_ours else None
    with connected(request.socket) as control:
        speakers = _speakers(control) if control is not None and loaded_digest(control) is not None else []
        is_anyone_there = control is not None or bool(find_processes())
    left = len(_routes_of_bird()) if is_ours and not is_anyone_there else 0
    operations = []
    if is_ours:
        operations.append(f"- file {request.path}" if first is None else f"~ file {request.path}, as it was found")
    besides = _files_besides(request.path)
    operations.extend(f"- file {path}" for path in besides)
    if speakers:
        operations.append(f"~ BIRD at {request.socket} ends {', '.join(speakers)}")
    return Proposal(
        operations=tuple(operations),
        before=old.text if is_ours and old is not None else "",
        after=first.text if first is not None else "",
        apply=lambda: _apply(request, first, original, besides, is_ours=is_ours),
        values={"path": request.path, "original": None},
        warnings=(_LEFT.format(left),) if left else (),
    )


def _files_besides(path: str) -> t.Tuple[str, ...]:
    """Return what else of ours stands beside a bird.conf."""
    held = os.path.join(os.path.dirname(path), HELD_FILE)
    found = []
    for file, symbol in ((passwords_path(path), PASSWORDS_SYMBOL), (held, HELD_SYMBOL)):
        there = read(file)
        if there is not None and is_sealed(there.text, symbol):
            found.append(file)
    return (*found, *([candidate.folder_of(path)] if os.path.isdir(candidate.folder_of(path)) else []))


def _apply(
    request: ConfigOptions, first: t.Optional[File], original: str, besides: t.Sequence[str], *, is_ours: bool
) -> None:
    with connected(request.socket) as control:
        if control is not None and loaded_digest(control) is not None:
            _fall_silent(control)
    try:
        candidate.remove(request.path)
        for path in besides:
            with contextlib.suppress(FileNotFoundError, IsADirectoryError):
                os.unlink(path)
        if not is_ours:
            return
        if first is None:
            os.unlink(request.path)
        else:
            write(request.path, first)
            _reload(request, None)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(original)
    except OSError as error:
        raise KernelError(f"{request.path}: cannot be taken away: {error.strerror}; run again") from error


def _reload(request: ConfigOptions, wanted: t.Optional[str]) -> None:
    """Let the running BIRD, if there is one, read its file again, and wait until it has (None: a file without seal)."""
    with connected(request.socket) as control:
        if control is None:
            return
        control.tell("configure")
        if not until(lambda: loaded_digest(control) == wanted, _RELOAD_TIMEOUT, _PAUSE):
            raise BirdError(f"{request.socket}: BIRD did not take the configuration within {_RELOAD_TIMEOUT:g} s")


def _speakers(control: Control) -> t.List[str]:
    protocols = parse_protocols(control.tell("show protocols"))
    return [p.name for p in protocols if p.kind not in _KEPT_KINDS and p.state != "down"]


def _fall_silent(control: Control) -> None:
    """End all protocols but the kernel's, which then removes what they brought (`persist` is for its own end)."""
    for name in _speakers(control):
        control.tell(f'disable "{name}"')
    left = until_empty(lambda: [*_speakers(control), *_routes_of_bird()], _TIMEOUT, _PAUSE)
    if left:
        raise BirdError(
            f"BIRD does not let go of {', '.join(left)} within {_TIMEOUT:g} s; look at its log, and run again"
        )


def _routes_of_bird() -> t.List[str]:
    routes = [found for found in reader.read(Scope()).resources.values() if isinstance(found, Route)]
    return [describe(route) for route in routes if route.protocol == ROUTE_PROTOCOLS["bird"]]
