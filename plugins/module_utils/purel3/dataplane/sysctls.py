# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kernel settings by name: what must be in force, and the file that brings them back at boot."""

from __future__ import annotations

import functools
import re
import typing as t

from ..base import kept_file
from ..base.errors import FabricError, InvalidInput
from ..base.marks import FILE_HEADER
from ..base.proposal import Proposal
from ..state.kinds.kind import Key
from ..state.kinds.sysctl import Sysctl
from ..state.plan import Request

_NAME = re.compile(r"[a-z0-9_-]+([./][A-Za-z0-9_:@-]+)+")


def to_request(settings: t.Mapping[str, t.Any], namespace: str, is_optional: bool) -> Request:
    """Work out which settings must be in force; raises InvalidInput.

    settings: values by name; a name with a slash may hold dots, as net/ipv4/conf/eth0.100/proxy_arp.
    namespace: as in veth.End.
    is_optional: leave out settings that the namespace does not have.
    """
    faults = []
    present: t.Dict[Key, Sysctl] = {}
    for name, value in sorted(settings.items()):
        if not _NAME.fullmatch(name) or ".." in name:
            faults.append(f"setting {name!r} is not a name such as net.ipv4.ip_forward; correct it")
            continue
        if value is None or isinstance(value, (dict, list)) or not str(value).strip() or "\n" in str(value):
            faults.append(f"setting {name}: {value!r} is not one line of text or a number")
            continue
        setting = Sysctl(namespace, _path(name), _text(value))
        present[setting.key] = setting
    if faults:
        raise InvalidInput(faults)
    return Request(present, has_optional_settings=is_optional)


def _path(name: str) -> str:
    return name if "/" in name else name.replace(".", "/")


def _text(value: t.Any) -> str:
    return str(int(value)) if isinstance(value, bool) else " ".join(str(value).split())


def text_of(settings: t.Iterable[Sysctl]) -> str:
    """Make the file for /etc/sysctl.d that brings settings back at boot; empty without settings."""
    lines = sorted(
        f"{setting.path if '.' in setting.path else setting.path.replace('/', '.')} = {setting.value}"
        for setting in settings
    )
    return "\n".join([FILE_HEADER, *lines, ""]) if lines else ""


def keep(path: str, settings: t.Iterable[Sysctl]) -> Proposal:
    """Plan the file in /etc/sysctl.d that brings settings back at boot, and that goes with the last of them.

    Raises FabricError where the file is not ours, or cannot be read.
    """
    wanted = text_of(settings)
    found = kept_file.read(path)
    actual = "" if found is None else found.text
    if actual == wanted:
        return Proposal()

    def put(text: str) -> None:
        try:
            if text:
                kept_file.write(path, text)
            else:
                kept_file.remove(path)
        except OSError as error:
            raise FabricError(
                f"{path}: cannot be written ({error.strerror}); make room, or choose another path"
            ) from error

    sign = "~" if actual and wanted else "+" if wanted else "-"
    apply, undo = functools.partial(put, wanted), functools.partial(put, actual)
    return Proposal((f"{sign} file {path}",), actual, wanted, apply, undo)
