# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change of bird.conf from end to end: read, keep and impact plan it; candidate, commit and verify carry it out.

BIRD agrees first, runs it on trial, and only then do the files change, or all stays.
"""

from __future__ import annotations

import functools
import os
import time
import typing as t
from dataclasses import asdict

from ...base.errors import BirdError, InvalidInput
from ...base.files import read
from ...base.proposal import Proposal
from ...values.effects import NONE
from ..protocols.versions import unsupported
from ..talk.configure import refuse_other_file
from ..talk.control import connected
from ..talk.daemon import Program, check_text, find_program
from ..talk.defaults import DEFAULT_CONFIG
from . import candidate
from .candidate import PASSWORDS
from .commit import apply, confirm
from .read import CONFIRM, ConfigChange, ConfigOptions, in_words, is_done, operations_of, read_change, refusals
from .seal import is_sealed

_LONGEST_DELAY = 600


def _refuse_moment(request: ConfigOptions) -> None:
    if request.moment is not None and request.moment - time.time() > _LONGEST_DELAY:
        raise InvalidInput(
            [
                f"activate_at: {request.moment:.0f} is more than {_LONGEST_DELAY} s ahead by this node's clock; "
                "give a nearer moment, and keep the clocks in step"
            ]
        )


def _validate(program: t.Optional[Program], change: ConfigChange) -> t.Tuple[str, ...]:
    if program is None:
        return ("bird is not installed on this host yet, so it has not checked the configuration",)
    faults = unsupported(change.new.text, program.version)
    if faults:
        raise InvalidInput(faults)
    files = {} if change.new_passwords is None else {PASSWORDS: change.new_passwords.text}
    check_text(program, change.new.text, change.request.path, files)
    return ()


def propose(request: ConfigOptions) -> Proposal:
    """Plan the replacement of a node's bird.conf, checked by BIRD itself.

    Raises FabricError: a path, an account, BIRD's complaint about the content, or a foreign file in the way.
    """
    if not os.path.isabs(request.path) or '"' in request.path:
        raise InvalidInput([f"path {request.path!r} is not absolute; give one like {DEFAULT_CONFIG}"])
    _refuse_moment(request)
    program = find_program()
    change = read_change(request, program)
    original = f"{request.path}.orig"
    old = change.old
    keeps_original = old is not None and not is_sealed(old.text) and not os.path.exists(original)
    values = {
        "path": request.path,
        "version": None if program is None else program.version,
        "is_running": change.running is not None,
        "is_reloaded": change.reloads,
        "is_pending": False,
        "impact": [{**asdict(one), "reasons": list(one.reasons), "text": in_words(one)} for one in change.impacts],
        "restarts": len(change.restarts()),
        "refusals": list(refusals(change)),
        "original": original if keeps_original or os.path.exists(original) else None,
    }
    if request.phase == CONFIRM:
        return _propose_confirmation(change, values)
    warnings = _validate(program, change)
    operations = operations_of(change)
    if change.reloads:
        with connected(request.socket) as control:
            if control is not None:
                refuse_other_file(control, request.socket, request.path)
    return Proposal(
        operations=operations,
        before="" if old is None else old.text,
        after=change.new.text,
        apply=functools.partial(apply, change, keeps_original=keeps_original),
        values={**values, "is_pending": change.waits},
        warnings=warnings,
        obstacles=refusals(change),
        notes=tuple(
            f"~ {'session ' if one.address else ''}{in_words(one)}" for one in change.impacts if one.effect != NONE
        ),
    )


def _propose_confirmation(change: ConfigChange, values: t.Mapping[str, t.Any]) -> Proposal:
    request = change.request
    trial, tried = candidate.recall(request.path), read(candidate.path_in(request.path))
    if trial is None or tried is None or tried.text != change.new.text:
        if is_done(change):
            return Proposal(
                operations=operations_of(change), apply=functools.partial(candidate.remove, request.path), values=values
            )
        raise BirdError(
            f"{request.path}: there is nothing to confirm, because this configuration is not being tried: it was not "
            "loaded, or BIRD has undone it meanwhile; run the task without phase again"
        )
    return Proposal(
        operations=(f"~ confirm the configuration of BIRD at {request.socket}",),
        apply=functools.partial(confirm, change, trial),
        values=values,
    )
