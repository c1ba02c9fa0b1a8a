# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys that say what the file itself is, and what Ansible's own option `constructed` makes groups by."""

from __future__ import annotations

import typing as t

from ...values import scalars
from ..file.extending import EXTENDS
from ..file.report import Report
from ..file.section import describe
from .part import Draft, Part

if t.TYPE_CHECKING:
    from .fabric import Fabric

PLUGIN = "purel3.fabric.fabric"
CONSTRUCTED: t.Mapping[str, t.Tuple[type, str]] = {
    "compose": (dict, "a mapping"),
    "groups": (dict, "a mapping"),
    "keyed_groups": (list, "a list"),
    "leading_separator": (bool, "a boolean"),
    "strict": (bool, "a boolean"),
    "use_extra_vars": (bool, "a boolean"),
}


def _read(draft: Draft) -> Fabric:
    file = draft.file
    if "plugin" not in file:
        file.missing("plugin", f"write 'plugin: {PLUGIN}' at the top")
    file.text("plugin", scalars.one_of([PLUGIN]))
    file.text(EXTENDS, str)
    for key, (kind, wanted) in CONSTRUCTED.items():
        item = file.get(key)
        if item is not None and not item.is_refused and not isinstance(item.value, kind):
            file.fault(item.line, f"{key} {describe(item, wanted)}", "see 'ansible-doc -t inventory constructed'")
    return draft.fabric


def _check(draft: Draft, report: Report) -> None:
    for key, item in draft.file.mapping("groups").items():
        if key in draft.node_names:
            at = report.seen(("nodes", key))
            draft.file.fault(item.line, f"groups: {key} is also the name of a node{at}", "rename the group")


# The inventory plugin and allocation set these.
PART = Part(
    keys=("plugin", EXTENDS, *CONSTRUCTED),
    read=_read,
    check=_check,
    variables=("fabric_file",),
    large=("fabric_allocation_store",),
)
