# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module host_info: its options, and what they look for."""

from __future__ import annotations

import typing as t

from ...bird.talk.daemon import find_program
from ...host.needs import look

ARGUMENT_SPEC: t.Dict[str, t.Any] = {
    "programs": {"type": "list", "elements": "str", "choices": ["bird", "ip", "nft"], "default": ["bird", "ip"]},
}


def read(params: t.Mapping[str, t.Any]) -> t.Mapping[str, t.Any]:
    """Look for what the options name."""
    bird = find_program()
    return look(params["programs"], bird.version if bird else None)
