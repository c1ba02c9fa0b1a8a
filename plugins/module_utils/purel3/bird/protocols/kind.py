# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of one kind of BIRD's protocols."""

from __future__ import annotations

import typing as t

from ...values.effects import RESTART


class ProtocolKind(t.NamedTuple):
    """A kind of protocol.

    name: as it stands behind `protocol`.
    options: what a change of each option does.
    in_channel: what a change of each option of a channel does.
    otherwise: what a change of any other option does.
    is_local: no other router notices how it changes, comes or goes.
    """

    name: str
    options: t.Mapping[str, str] = {}
    in_channel: t.Mapping[str, str] = {}
    otherwise: str = RESTART
    is_local: bool = False
