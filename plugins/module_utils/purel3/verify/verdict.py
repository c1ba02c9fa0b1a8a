# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is concluded from differences: whether to wait for them to go, and what to say. Pure."""

from __future__ import annotations

import typing as t
from dataclasses import asdict

from ..base.errors import FabricError
from ..bird.talk.node_status import describe_node
from .differences import (
    ANNOUNCEMENT,
    BIRD,
    FILE,
    SESSION,
    TUNNEL,
    WORKLOAD,
    Difference,
    Seen,
    established_count,
    wanted_peers,
)
from .expectation import Expectation
from .remarks import Remark

# A filter takes effect some seconds after BIRD has said that it is reconfigured, and a service may be restarting.
_SHORT_PATIENCE = 15.0
_LISTED = 20


class NotConforming(FabricError):
    """A node that is not as it should be.

    text: how long was waited, how many sessions are up, and each difference.
    values: the results of the module.
    """

    def __init__(self, text: str, values: t.Mapping[str, t.Any]) -> None:
        super().__init__(text)
        self.values = values


def patience(differences: t.Iterable[Difference], seen: Seen, timeout: float) -> float:
    """Tell how long it makes sense to wait for differences to go by themselves, at most until the timeout.

    Seconds since the first look; 0 when nothing will come of waiting.
    """
    longest = 0.0
    for difference in differences:
        if difference.kind == ANNOUNCEMENT or (difference.kind == BIRD and seen.complaint):
            longest = max(longest, min(timeout, _SHORT_PATIENCE))
        elif difference.kind not in (WORKLOAD, TUNNEL, FILE):
            return timeout
    return longest


def sentence(expectation: Expectation, seen: Seen, differences: t.Sequence[Difference]) -> str:
    """Say how far a node is, for example `2/3 sessions up; node3 192.168.50.12: Active, Connection refused`."""
    wanted = len(wanted_peers(expectation, seen))
    words = [f"{established_count(expectation, seen)}/{wanted} sessions up"]
    for difference in differences[:_LISTED]:
        is_session = difference.kind == SESSION
        words.append(f"{difference.object}: {difference.actual}" if is_session else difference.text)
    if len(differences) > _LISTED:
        words.append(f"and {len(differences) - _LISTED} more differences")
    return "; ".join(words)


def describe(
    expectation: Expectation, seen: Seen, differences: t.Sequence[Difference], remarks: t.Sequence[Remark] = ()
) -> t.Dict[str, t.Any]:
    """Turn a comparison into the results of the conformance module."""
    status = describe_node(expectation.node, seen.daemon, seen.protocols, expectation.peers)
    del status["error"]
    return {
        **status,
        "session_count": len(wanted_peers(expectation, seen)),
        "established_count": established_count(expectation, seen),
        "differences": [asdict(difference) for difference in differences],
        "remarks": [asdict(remark) for remark in remarks],
        "summary": sentence(expectation, seen, differences),
    }
