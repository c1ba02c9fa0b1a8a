# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fabric files with faults, and the reports about them."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.errors import InvalidInput
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.fabric.checking import Source, check_fabric
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.fabric.file.document import Faults
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.fabric.parts.fabric import CheckedFabric
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.lab.backends.table import BACKENDS
from ansible_collections.purel3.fabric.plugins.plugin_utils.yaml_document import load

GOOD = """\
plugin: purel3.fabric.fabric
as_number: 64512
pools:
  - cidr: 10.244.0.0/16
    block_size: 26
nodes:
  node1:
    address: 192.168.50.10/24
    interface: ens33
    blocks: [10.244.1.0/26]
  node2:
    address: 192.168.50.11/24
    interface: ens33
workloads:
  web1:
    node: node1
    address: 10.244.1.5
  web2:
    node: node2
"""

# Two reflectors, a client, a foreign router of which the lab makes one.
REFLECTED = """\
plugin: purel3.fabric.fabric
as_number: 64512
topology: route_reflector
route_reflectors: [rr1, rr2]
pools:
  - cidr: 10.244.0.0/16
bgp:
  hold_time: 90
  password: "{{ bgp_password }}"
filters:
  only-default:
    - match: {prefix: 0.0.0.0/0}
      action: accept
peers:
  tor1:
    address: 192.168.50.1
    as_number: 64900
    selector: rack == 'a'
    import_filter: only-default
nodes:
  rr1:
    address: 192.168.50.11/24
    interface: ens33
    blocks: []
  rr2:
    address: 192.168.50.12/24
    interface: ens33
    labels: {rack: a}
  node3:
    address: 192.168.50.13/24
    interface: ens33
    labels: {rack: a}
    interfaces:
      eth1: {address: 10.0.13.3/24}
workloads:
  web1: {node: node3}
lab:
  routers:
    tor1: {address: 192.168.50.1/24, as_number: 64900, announces: [0.0.0.0/0]}
"""


def check_text(text: str, stored: str = "") -> CheckedFabric:
    """Check a fabric file and its store; raises InvalidInput with the report about them."""
    faults = Faults("lab.fabric.yml")
    return check_fabric(Source(faults, load(text, faults), Faults("lab.allocations.txt"), stored, backends=BACKENDS))


def problems(text: str, stored: str = "") -> t.List[str]:
    """The report about a fabric file and its store; none when both are good."""
    try:
        check_text(text, stored)
    except InvalidInput as report:
        return list(report.faults)
    return []


def warnings(text: str) -> t.List[str]:
    """What a fabric file without faults is warned about."""
    return list(check_text(text).warnings)


def matches(expected: str, found: str) -> bool:
    """Whether a fault is the expected one; `...` stands for words of the YAML parser's own."""
    return re.fullmatch(".+".join(map(re.escape, expected.split("..."))), found) is not None


@dataclass(frozen=True)
class Case:
    """A good file with one text replaced, or a whole file, and its faults without the file's name."""

    name: str
    old: str = ""
    new: str = ""
    faults: t.Sequence[str] = field(default_factory=list)
    whole: t.Optional[str] = None
    base: str = GOOD

    @property
    def text(self) -> str:
        return self.base.replace(self.old, self.new, 1) if self.whole is None else self.whole


def check_report(case: Case) -> None:
    """Require that a file gives exactly the expected faults, with their lines, values and remedies."""
    assert case.whole is not None or case.old in case.base, "the case no longer fits the good file"
    found = problems(case.text)
    expected = [f"lab.fabric.yml:{fault}" for fault in case.faults]
    assert len(found) == len(expected), found
    for one, other in zip(expected, found):
        assert matches(one, other), f"{other!r} is not {one!r}"
