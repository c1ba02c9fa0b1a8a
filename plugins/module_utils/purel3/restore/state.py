# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a node keeps for its next boot: the parameters that the last apply put in place, and how they are written."""

from __future__ import annotations

import hashlib
import itertools
import json
import typing as t
from dataclasses import dataclass, field

from ..base.errors import InvalidInput
from ..values.modes import IPIP
from ..values.workload import Workload, faults_of_keys, options_of, workload_from

FORMAT = 3
REMEDY = "run site.yml from the controller, which writes it anew"

_ABOUT = "Written by the Ansible collection purel3.fabric; `purel3 restore` puts at boot what this says."
# What every text of ours begins with, whole or cut off.
_START = f'{{\n "about": {json.dumps(_ABOUT)}'
_UNSEALED = ("about", "digest")

Content = t.Dict[str, t.Any]


class TunnelEnd(t.NamedTuple):
    """The node's end of the tunnels.

    address: without prefix length.
    mtu: in bytes.
    endpoints: from which addresses packets may come out of it.
    """

    address: str
    mtu: int
    endpoints: t.Tuple[str, ...]
    device: str = IPIP.device


@dataclass(frozen=True)
class State:
    """What the last apply put in place on a node.

    workloads: each with the MTU that it gets.
    is_transit: whether the node also forwards between other nodes.
    modules: kernel modules that are loaded.
    settings: names and values of kernel settings; those that the kernel lacks are left out.
    blocks: the node's own blocks, to be shown.
    boot: the boot in which the process ids among the workloads mean something; empty where there are none.
    identities: which namespaces these are, by the workloads' netns; sorted.
    policy: options of the module policy; empty where nothing is enforced.
    """

    node: str
    workloads: t.Tuple[Workload, ...] = ()
    is_transit: bool = False
    tunnel: t.Optional[TunnelEnd] = None
    modules: t.Tuple[str, ...] = ()
    settings: t.Tuple[t.Tuple[str, str], ...] = ()
    blocks: t.Tuple[str, ...] = ()
    boot: str = ""
    identities: t.Tuple[t.Tuple[str, str], ...] = ()
    policy: t.Mapping[str, t.Any] = field(default_factory=dict)


def settings_from(settings: t.Mapping[str, t.Any]) -> t.Tuple[t.Tuple[str, str], ...]:
    """Write settings in one form, whatever their order, and whether a value is a number, a boolean or a text."""
    return tuple(sorted((name, _text(value)) for name, value in settings.items()))


def _text(value: t.Any) -> str:
    return str(int(value)) if isinstance(value, bool) else str(value)


def encode(state: State) -> str:
    """Write a state as JSON with a format number and a digest over everything; the same for the same state."""
    content = {
        "format": FORMAT,
        "node": state.node,
        "workloads": [options_of(workload) for workload in state.workloads],
        "is_transit": state.is_transit,
        "tunnel": None if state.tunnel is None else _options_of_tunnel(state.tunnel),
        "modules": state.modules,
        "settings": dict(state.settings),
        "blocks": state.blocks,
        "boot": state.boot,
        "identities": dict(state.identities),
        # Not written where there is none, so that no file changes with an option that comes.
        **({"policy": state.policy} if state.policy else {}),
    }
    return json.dumps({"about": _ABOUT, "digest": _digest(content), **content}, indent=1) + "\n"


def _options_of_tunnel(tunnel: TunnelEnd) -> Content:
    """Without what is taken for granted, so that no file changes with an option that comes."""
    return {key: value for key, value in tunnel._asdict().items() if (key, value) != ("device", IPIP.device)}


def is_ours(text: str) -> bool:
    """Tell whether a file is one that we wrote, whole or damaged.

    That is also an empty one or one of zeros, as a power cut may leave it, which holds nothing to lose.
    """
    return text.startswith(_START) or _START.startswith(text.rstrip("\0"))


def decode(text: str, where: str) -> State:
    """Read a state from text, as this release or an older one wrote it; `where` is what messages call it.

    Raises InvalidInput where it is damaged, not ours, or of a newer format.
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
    is_known = number == FORMAT or (isinstance(number, int) and number in _UPGRADES)
    if not is_known or content.get("digest") != _digest(sealed):
        raise _refusal(where, "is damaged: its digest is not that of its content")
    try:
        return _read(sealed)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise _refusal(where, f"lacks something or has too much ({error})") from error


def _refusal(where: str, what: str) -> InvalidInput:
    return InvalidInput([f"{where} {what}, so nothing was touched; {REMEDY}"])


def _read(sealed: Content) -> State:
    number, content = sealed["format"], {key: value for key, value in sealed.items() if key != "format"}
    while number != FORMAT:
        number, content = number + 1, _UPGRADES[number](content)
    tunnel = content.pop("tunnel")
    state = State(
        **{
            **content,
            "workloads": tuple(map(_workload, content["workloads"])),
            "tunnel": None if tunnel is None else TunnelEnd(**{**tunnel, "endpoints": tuple(tunnel["endpoints"])}),
            "modules": tuple(content["modules"]),
            "settings": settings_from(content["settings"]),
            "blocks": tuple(content["blocks"]),
            "identities": tuple(sorted(content["identities"].items())),
        }
    )
    _require_types(state)
    return state


def _require_types(state: State) -> None:
    """Raise TypeError or ValueError where a value is of another type, or a text that is not UTF-8."""
    texts = [state.node, state.boot, *state.modules, *state.blocks, *itertools.chain(*state.settings)]
    if state.tunnel:
        texts += [state.tunnel.address, state.tunnel.device, *state.tunnel.endpoints, f"{state.tunnel.mtu:d}"]
    "".join([*texts, *map(str, itertools.chain(*state.workloads))]).encode()


def _workload(options: t.Mapping[str, t.Any]) -> Workload:
    for fault in faults_of_keys(options):
        raise ValueError(fault)
    return workload_from(options)


def _from_1(content: Content) -> Content:
    """What format 1 held: options of the modules, as they were given."""
    given, tunnel = content["workloads"], content["tunnel"]
    workloads = [{**item, "mtu": item.get("mtu") or given.get("mtu")} for item in given["workloads"]]
    return {
        **content,
        "workloads": workloads,
        "is_transit": bool(given.get("transit")),
        "tunnel": {"address": tunnel["address"], "mtu": int(tunnel["mtu"]), "endpoints": tunnel["endpoints"]}
        if tunnel
        else None,
    }


def _from_2(content: Content) -> Content:
    """What format 2 held: it is not known which namespaces the process ids meant."""
    return {**content, "identities": {}}


# From each older format to the next.
_UPGRADES: t.Mapping[int, t.Callable[[Content], Content]] = {1: _from_1, 2: _from_2}


def _digest(content: t.Mapping[str, t.Any]) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
