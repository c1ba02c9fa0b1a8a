# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens to one protocol of BIRD that other routers notice, most of all to a BGP session."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ...values.effects import NONE, REMOVED, RESTART


@dataclass(frozen=True)
class Impact:
    """What happens to one of them.

    Args:
        name: what people call the peer; of what is no BGP session, for example `protocol ospf backbone`.
        address: the peer's; empty where there is no single one.
        protocol: the name of the protocol.
        effect: none; refilter (routes are evaluated again, the session stays); restart; added; removed.
        reasons: the options that changed, in words; empty for none and added, and for a session that is removed.
    """

    name: str
    address: str
    protocol: str
    effect: str = NONE
    reasons: t.Tuple[str, ...] = ()

    @property
    def is_break(self) -> bool:
        """Whether neighbours are lost that nobody has said to be gone, as one does by not naming a peer any more."""
        return self.effect == RESTART or (self.effect == REMOVED and not self.address)
