# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the BIRD of a node runs, told by the seals of its files."""

from __future__ import annotations

import os
import re
import typing as t
from dataclasses import dataclass

from ...base.errors import BirdError
from ..talk.control import Control, connected
from .commit import Digests, loaded, observe, wait_for_quiet
from .expectation import NodeView
from .seal import PASSWORDS_SYMBOL, SYMBOL, is_sealed, sealed_digest

_READS = re.compile(r"Reading configuration from (.+)")
_NOTHING = NodeView((), (), frozenset(), {})


@dataclass(frozen=True)
class Running:
    """A running BIRD.

    Args:
        digests: of its configuration and its passwords.
        observed: its sessions and routes.
    """

    digests: Digests = (None, None)
    observed: NodeView = _NOTHING

    def text(self, texts: t.Iterable[str]) -> t.Optional[str]:
        """Find the configuration that it runs.

        Args:
            texts: what it may be, first the file in place.

        Returns:
            None where it runs something else.
        """
        return _found(self.digests[0], texts, SYMBOL)

    def passwords(self, texts: t.Iterable[str]) -> t.Optional[str]:
        """Find the passwords that it runs with.

        Args:
            texts: what they may be, as files.

        Returns:
            Empty for none; None where it runs with others.
        """
        return "" if self.digests[1] is None else _found(self.digests[1], texts, PASSWORDS_SYMBOL)


def _found(wanted: t.Optional[str], texts: t.Iterable[str], symbol: str) -> t.Optional[str]:
    for text in texts:
        if sealed_digest(text, symbol) == wanted and is_sealed(text, symbol) == (wanted is not None):
            return text
    return None


def refuse_other_file(control: Control, socket: str, path: str) -> None:
    """Make sure that a BIRD reads the file that is to change.

    Args:
        control: the conversation with it.
        socket: its socket, for messages.
        path: the file.

    Raises:
        BirdError: it reads another.
    """
    # `configure check` changes nothing, and says which file this BIRD reads.
    for line in control.ask("configure check"):
        match = _READS.search(line.text)
        if match is not None and os.path.realpath(match.group(1)) != os.path.realpath(path):
            raise BirdError(
                f"{socket}: the running BIRD reads {match.group(1)}, not {path}; "
                "name that file as the path, or restart BIRD with this one"
            )


def read_running(socket: str, *, waits: bool) -> t.Optional[Running]:
    """Ask the BIRD behind a socket what it runs.

    Args:
        socket: its control socket.
        waits: whether to wait until a configuration that nobody confirms is undone.

    Returns:
        None where no BIRD listens.

    Raises:
        BirdError: no answer.
    """
    with connected(socket) as control:
        if control is None:
            return None
        if waits:
            wait_for_quiet(control, socket)
        return Running(loaded(control), observe(control))
