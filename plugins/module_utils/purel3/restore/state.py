# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a node keeps for its next boot: the parameters that the last apply put in place, and how they are written."""

from __future__ import annotations

import hashlib
import json
import typing as t
from dataclasses import asdict, dataclass, field

from ..base.errors import InvalidInput

FORMAT = 1
REMEDY = "run site.yml from the controller, which writes it anew"

_ABOUT = "Written by the Ansible collection purel3.fabric; `purel3 restore` puts at boot what this says."
# What every text of ours begins with, whole or cut off.
_START = f'{{\n "about": {json.dumps(_ABOUT)}'
_UNSEALED = ("about", "digest")

Options = t.Mapping[str, t.Any]


@dataclass(frozen=True)
class State:
    """The parameters of what the last apply put in place on a node.

    Args:
        node: its name in the fabric.
        workloads: options of the module workloads.
        tunnel: options of the module tunnel; empty for a node without one.
        modules: kernel modules that are loaded.
        settings: kernel settings by name; those that the kernel lacks are left out.
        blocks: the node's own blocks, to be shown.
        boot: the boot in which the process ids among the workloads mean something; empty where there are none.
    """

    node: str
    workloads: Options = field(default_factory=lambda: {"workloads": []})
    tunnel: Options = field(default_factory=dict)
    modules: t.Tuple[str, ...] = ()
    settings: Options = field(default_factory=dict)
    blocks: t.Tuple[str, ...] = ()
    boot: str = ""


def encode(state: State) -> str:
    """Write a state as text.

    Args:
        state: any.

    Returns:
        JSON with a format number and a digest over everything; the same for the same state.
    """
    content = {"format": FORMAT, **asdict(state)}
    return json.dumps({"about": _ABOUT, "digest": _digest(content), **content}, indent=1) + "\n"


def is_ours(text: str) -> bool:
    """Tell whether a file is one that we wrote, whole or damaged.

    Args:
        text: what it holds.

    Returns:
        True also for an empty one or one of zeros, as a power cut may leave it, which holds nothing to lose.
    """
    return text.startswith(_START) or _START.startswith(text.rstrip("\0"))


def decode(text: str, where: str) -> State:
    """Read a state from text.

    Args:
        text: as encode wrote it.
        where: how to call it in messages.

    Returns:
        The state.

    Raises:
        InvalidInput: it is damaged, not ours, or of a newer format.
    """
    try:
        content = json.loads(text)
    except ValueError as error:
        raise _refusal(where, "is empty" if not text.strip() else f"is damaged or cut off ({error})") from error
    if not isinstance(content, dict) or content.get("about") != _ABOUT:
        raise _refusal(where, "is not what purel3.fabric writes")
    number = content.get("format")
    if isinstance(number, int) and number > FORMAT:
        raise InvalidInput(
            [
                f"{where} has format {number}, and this purel3 knows none above {FORMAT}, so nothing was touched; "
                "run site.yml from the controller, which brings the program and the file that go together"
            ]
        )
    sealed = {key: value for key, value in content.items() if key not in _UNSEALED}
    if number != FORMAT or content.get("digest") != _digest(sealed):
        raise _refusal(where, "is damaged: its digest is not that of its content")
    return _state(sealed, where)


def _refusal(where: str, what: str) -> InvalidInput:
    return InvalidInput([f"{where} {what}, so nothing was touched; {REMEDY}"])


def _state(sealed: t.Mapping[str, t.Any], where: str) -> State:
    try:
        fields = {key: value for key, value in sealed.items() if key != "format"}
        return State(**{**fields, "modules": tuple(fields["modules"]), "blocks": tuple(fields["blocks"])})
    except (KeyError, TypeError) as error:
        raise _refusal(where, f"lacks something or has too much ({error})") from error


def _digest(content: t.Mapping[str, t.Any]) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
