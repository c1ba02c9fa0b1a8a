# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of its addresses this host sends from."""

from __future__ import annotations

import socket
import typing as t

# Of any port; nothing is sent there.
_PORT = 9


def source_to(address: str) -> t.Optional[str]:
    """Find the address from which the kernel sends to an IPv4 host, also in a tunnel's outer header; None: no way."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((address, _PORT))
        except OSError:
            return None
        source: str = probe.getsockname()[0]
        return source
