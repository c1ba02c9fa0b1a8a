# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Before and after each step, by the seals of its files: whose they are, and which of them BIRD runs.

A seal is the digest of a file in its own last line, as a constant for which a running BIRD can be asked.
"""

from __future__ import annotations

import hashlib
import typing as t

from ..talk.control import Control

SYMBOL = "purel3_fabric_content"
PASSWORDS_SYMBOL = "purel3_fabric_passwords"
HELD_SYMBOL = "purel3_fabric_held"

_END = '";'

# Of configuration and passwords; None for what has no seal.
Digests = t.Tuple[t.Optional[str], t.Optional[str]]


def _start(symbol: str) -> str:
    return f'define {symbol} = "'


def digest(content: str) -> str:
    """Return what the seal of a text holds: its SHA-256 in hexadecimal."""
    return hashlib.sha256(content.encode(errors="surrogateescape")).hexdigest()


def seal(content: str, symbol: str = SYMBOL) -> str:
    """Return a text with its seal, which stands last so that line numbers stay; a missing last newline is added."""
    whole = content if content.endswith("\n") else content + "\n"
    return f"{whole}{_start(symbol)}{digest(whole)}{_END}\n"


def is_sealed(text: str, symbol: str = SYMBOL) -> bool:
    """Say whether a file is of our making, even if it was changed by hand since."""
    return any(line.startswith(_start(symbol)) for line in text.splitlines())


def is_intact(text: str, symbol: str = SYMBOL) -> bool:
    """Say whether a file holds exactly what its seal says, and nothing after it; False where there is none."""
    content, found, rest = text.rpartition(_start(symbol))
    return bool(found) and rest == f"{digest(content)}{_END}\n"


def sealed_digest(text: str, symbol: str = SYMBOL) -> t.Optional[str]:
    """Return the digest that a file's seal holds; None for a file without seal."""
    for line in text.splitlines():
        if line.startswith(_start(symbol)) and line.endswith(_END):
            return line[len(_start(symbol)) : -len(_END)]
    return None


def loaded_digest(control: Control, symbol: str = SYMBOL) -> t.Optional[str]:
    """Ask a running BIRD which file it holds: None for one without seal. Clocks and file times play no part.

    Raises BirdError: no answer.
    """
    return control.evaluate(symbol)


def loaded(control: Control) -> Digests:
    """Ask a running BIRD for both; raises BirdError."""
    return loaded_digest(control), loaded_digest(control, PASSWORDS_SYMBOL)
