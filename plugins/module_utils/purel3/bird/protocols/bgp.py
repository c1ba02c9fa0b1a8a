# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""BGP: how BIRD takes a change of each option of a session."""

from __future__ import annotations

import typing as t

from ...values.effects import NONE, REFILTER, RESTART
from ...values.session_options import OPTIONS
from .kind import ProtocolKind


def _effects(*, is_in_channel: bool) -> t.Dict[str, str]:
    return {
        words: option.effect
        for option in OPTIONS.values()
        for words in option.words
        if option.is_in_channel == is_in_channel
    }


KIND = ProtocolKind(
    "bgp",
    # Before the options of the table, what follows from other things, or is written by hand only.
    options={
        "allow bgp_local_pref": RESTART,
        "check link": NONE,
        "debug": NONE,
        "default bgp_med": RESTART,
        "description": NONE,
        "direct": RESTART,
        "disabled": RESTART,
        "enforce first as": RESTART,
        "error forget time": RESTART,
        "graceful restart": RESTART,
        "interface": RESTART,
        "ipv4": NONE,
        "ipv6": NONE,
        "neighbor": RESTART,
        "password": RESTART,
        "rr client": RESTART,
        "rr cluster id": RESTART,
        "strict bind": RESTART,
        **_effects(is_in_channel=False),
    },
    in_channel={
        "cost": REFILTER,
        "export limit": NONE,
        # With it changes the table in which next hops are looked up.
        "gateway": RESTART,
        "import keep filtered": RESTART,
        "next hop address": RESTART,
        "preference": REFILTER,
        "rpki reload": NONE,
        "table": RESTART,
        **_effects(is_in_channel=True),
    },
)
