# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Labs on machines that are there already: the nodes of a fabric file stand for others, which SSH reaches elsewhere."""

from __future__ import annotations

from ...values import bgp, scalars
from ..base.backend import Backend, BackendOption, Values


def _host(text: str) -> str:
    if text.startswith("-") or not text.isascii() or not text.isprintable() or not text or " " in text:
        raise scalars.BadValue("is not a host", "write the name or the address that ssh takes, such as 10.0.0.11")
    return text


def _place(name: str, _number: int, options: Values) -> Values:
    found = {"ansible_host": options.get("host"), "ansible_port": options.get("port")}
    return {"lab_node": name, **{key: value for key, value in found.items() if value is not None}}


EXISTING = Backend(
    name="existing",
    nodes="machines that exist",
    operations=None,
    node_options=(
        BackendOption("host", "str", _host, is_of_module=False),
        BackendOption("port", "int", bgp.within(1, 65535), is_of_module=False),
    ),
    place=_place,
    make=lambda _lab, _nodes, _items, _params, _segments: (),
)
