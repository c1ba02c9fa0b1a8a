# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From all that was read to what is there, with the owner of each object of ours."""

from __future__ import annotations

import typing as t

from ..kinds.kind import Found, Key, Place, Resource
from ..kinds.ownership import link_owner
from ..kinds.registry import KINDS
from ..plan import Interface, Observed


def assemble(found: Found, lacks: t.Mapping[str, str]) -> Observed:
    """Put together what was read; lacks are kinds of objects that this host cannot hold, and why."""
    resources: t.Dict[Key, Resource] = {}
    owners: t.Dict[Key, str] = {}
    makers: t.Dict[Place, Key] = {}
    for kind in KINDS.values():
        for resource, owner in kind.found(found):
            key = resource.key
            if key in resources:
                continue
            resources[key] = resource
            if owner:
                owners[key] = owner
            if kind.is_interface:
                makers.update(dict.fromkeys(kind.places(resource), key))
    interfaces = {
        (reference, link.name): Interface(
            link.ifindex, link.kind, link_owner(link.group), makers.get((reference, link.name)), link.is_up
        )
        for reference, content in found.contents.items()
        for link in content.links.values()
    }
    return Observed(resources, owners, interfaces, frozenset(found.contents), lacks)
