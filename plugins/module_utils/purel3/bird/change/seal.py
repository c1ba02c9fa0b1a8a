# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The seal: one line at the end of each of our files by which file and running BIRD say what they hold."""

from __future__ import annotations

import hashlib
import typing as t

from ..talk.control import Control

SYMBOL = "purel3_fabric_content"
PASSWORDS_SYMBOL = "purel3_fabric_passwords"
HELD_SYMBOL = "purel3_fabric_held"

_END = '";'
_EVALUATED = 23


def _start(symbol: str) -> str:
    return f'define {symbol} = "'


def digest(content: str) -> str:
    """Return what the seal of a configuration holds.

    Args:
        content: the configuration without its seal.

    Returns:
        A SHA-256 in hexadecimal.
    """
    return hashlib.sha256(content.encode(errors="surrogateescape")).hexdigest()


def seal(content: str, symbol: str = SYMBOL) -> str:
    """Return a configuration with its seal, which stands last so that line numbers stay.

    Args:
        content: the configuration; a newline is added where the last one is missing.
        symbol: the name of the seal, which tells the kinds of files apart.

    Returns:
        The text of the file.
    """
    whole = content if content.endswith("\n") else content + "\n"
    return f"{whole}{_start(symbol)}{digest(whole)}{_END}\n"


def is_sealed(text: str, symbol: str = SYMBOL) -> bool:
    """Say whether a file is of our making.

    Args:
        text: what is in it.
        symbol: the name of the seal.

    Returns:
        True also where it was changed by hand since.
    """
    return any(line.startswith(_start(symbol)) for line in text.splitlines())


def is_intact(text: str, symbol: str = SYMBOL) -> bool:
    """Say whether a file holds exactly what its seal says.

    Args:
        text: what is in it.
        symbol: the name of the seal.

    Returns:
        False where it was changed by hand, and where there is no seal.
    """
    content, found, _rest = text.rpartition(_start(symbol))
    return bool(found) and digest(content) == sealed_digest(text, symbol)


def sealed_digest(text: str, symbol: str = SYMBOL) -> t.Optional[str]:
    """Return the digest that a file's seal holds.

    Args:
        text: what is in it.
        symbol: the name of the seal.

    Returns:
        The digest, or None for a file without seal.
    """
    for line in text.splitlines():
        if line.startswith(_start(symbol)) and line.endswith(_END):
            return line[len(_start(symbol)) : -len(_END)]
    return None


def loaded_digest(control: Control, symbol: str = SYMBOL) -> t.Optional[str]:
    """Ask a running BIRD which configuration it holds; clocks and file times play no part.

    Args:
        control: the conversation with it.
        symbol: the name of the seal.

    Returns:
        The digest, or None for a configuration without seal.

    Raises:
        BirdError: no answer.
    """
    last = control.ask(f"eval {symbol}")[-1]
    return last.text.strip() if last.code == _EVALUATED else None
