# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command purel3 with code that a node's own Python has compiled, beside the text, which any other Python reads.

Its third line says of which program it was made, for which Python, and seals the rest.
"""

from __future__ import annotations

import hashlib
import importlib.util
import io
import marshal
import os
import sys
import typing as t
import zipfile

_MARK = b"# Compiled: "
# PEP 552: Python takes this code without looking whether the text is older.
_UNCHECKED = (1).to_bytes(4, "little")
_TIME = (1980, 1, 1, 0, 0, 0)
_HEAD_LINES = 2


def compiled(program: bytes) -> bytes:
    """Add the code of the Python that runs this to a program as it was sent."""
    head, archive = _split(program)
    new = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as sent, zipfile.ZipFile(new, "w", zipfile.ZIP_STORED) as file:
        for info in sent.infolist():
            content = sent.read(info)
            file.writestr(zipfile.ZipInfo(info.filename, _TIME), content)
            if info.filename.endswith(".py"):
                code = compile(content, info.filename, "exec", dont_inherit=True, optimize=0)
                header = importlib.util.MAGIC_NUMBER + _UNCHECKED + importlib.util.source_hash(content)
                file.writestr(zipfile.ZipInfo(info.filename + "c", _TIME), header + marshal.dumps(code))
    rest = new.getvalue()
    words = (_digest(program), importlib.util.MAGIC_NUMBER.hex(), _digest(head + rest))
    return head + _MARK + " ".join(words).encode() + b"\n" + rest


def digest_of_sent(program: bytes) -> str:
    """The digest of what was sent to make this; empty where this must be made anew.

    That is where its Python is the one that runs this, and compiled another version's code.
    """
    head, rest = _split(program)
    line, _newline, archive = rest.partition(b"\n")
    words = line[len(_MARK) :].decode(errors="replace").split()
    if not line.startswith(_MARK) or len(words) != 3 or words[2] != _digest(head + archive):
        return _digest(program)
    interpreter = head[2:].split()[:1]
    is_own = bool(interpreter) and os.path.realpath(interpreter[0]) == os.path.realpath(os.fsencode(sys.executable))
    return "" if is_own and words[1] != importlib.util.MAGIC_NUMBER.hex() else words[0]


def _split(program: bytes) -> t.Tuple[bytes, bytes]:
    """The lines that say who runs it and whose it is, and the rest."""
    lines = program.split(b"\n", _HEAD_LINES)
    head = b"".join(line + b"\n" for line in lines[:_HEAD_LINES])
    return head, program[len(head) :]


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
