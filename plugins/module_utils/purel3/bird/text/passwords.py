# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of fabric_passwords.conf, the only place where the passwords of sessions stand."""

from __future__ import annotations

import hashlib
import typing as t

from ...base.errors import InvalidInput
from ..want.settings import parse
from .config import HEADER
from .session import password_symbol

SYMBOL = "purel3_fabric_passwords"

# What the kernel takes for TCP-MD5 (RFC 2385).
_LONGEST = 80


def _fault(password: t.Any) -> t.Optional[str]:
    if not isinstance(password, str):
        return "is not text; put it in quotes"
    if '"' in password:
        return "holds a quotation mark, which BIRD cannot read; choose another"
    if not password.isprintable():
        return "holds a line break or another character that cannot be printed; choose another"
    length = len(password.encode())
    if length > _LONGEST:
        return f"is {length} bytes long; TCP takes at most {_LONGEST}"
    return None


def render_passwords(values: t.Mapping[str, t.Any]) -> str:
    """Return the passwords in the role's bird_* variables as BIRD reads them.

    Returns:
        A constant per session and one that seals them all; empty where no session has a password.

    Raises InvalidInput: with all faults at once, none of which shows a password.
    """
    settings = parse(values)
    own = values.get("bird_passwords") or {}
    lines, faults = [HEADER], []
    for peer in settings.peers:
        if not peer.has_password:
            continue
        is_own = peer.name in own
        password = own[peer.name] if is_own else values["bird_password"]
        fault = _fault(password)
        if fault is not None:
            faults.append(f"{f'bird_passwords: that of {peer.name}' if is_own else 'bird_password: it'} {fault}")
        lines.append(f'define {password_symbol(peer.address)} = "{password}";')
    if faults:
        raise InvalidInput(sorted(set(faults)))
    if len(lines) == 1:
        return ""
    content = "\n".join(lines) + "\n"
    return f'{content}define {SYMBOL} = "{hashlib.sha256(content.encode()).hexdigest()}";\n'
