# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is disturbed in the tests of faults: from one state of a node to another."""

from __future__ import annotations

import typing as t

from box import Box, workload

Task = t.Tuple[str, t.Dict[str, t.Any]]


def workloads(*listed: t.Mapping[str, t.Any], **options: t.Any) -> Task:
    return ("workloads", {"workloads": list(listed), **options})


# The namespaces `theirs` and `others` of someone else are there in all of them.
MIXED: t.Tuple[Task, Task] = (
    workloads(
        workload("web1", "10.244.1.1"),
        workload("web2", "10.244.1.2"),
        workload("web3", "10.244.1.3"),
        workload("web4", "10.244.1.4", netns="theirs"),
        workload("web5", "10.244.1.5"),
        workload("web6", "10.244.1.6"),
    ),
    workloads(
        workload("web1", "10.244.1.9"),  # another address
        workload("web2", "10.244.1.2", interface_name="net0"),  # a replaced pair
        workload("web7", "10.244.1.7", netns="theirs"),  # a pair for another in a foreign namespace
        workload("web8", "10.244.1.3", netns="web3"),  # takes over the address and namespace of web3
        workload("web9", "10.244.1.10"),  # new; and web4, web5 and web6 go
        mtu=1400,
    ),
)
PAIRS: t.Tuple[Task, Task] = (
    ("veth", {"veths": [{"name": "a", "addresses": ["1.1.1.1/24"], "peer": {"name": "b", "namespace": "theirs"}}]}),
    (
        "veth",
        {
            "veths": [
                {
                    "name": "a",
                    "addresses": ["1.1.1.2/24", "1.1.2.1/32"],
                    "mac": "02:00:00:00:00:01",
                    "peer": {"name": "b", "namespace": "theirs"},
                },
                {"name": "c", "namespace": "theirs", "peer": {"name": "d", "namespace": "theirs"}},
            ]
        },
    ),
)
MOVED: t.Tuple[Task, Task] = (
    PAIRS[0],
    ("veth", {"veths": [{"name": "a", "addresses": ["1.1.1.1/24"], "peer": {"name": "b", "namespace": "others"}}]}),
)
SCENARIOS: t.Dict[str, t.Tuple[Task, Task]] = {
    "workloads come, change and go": MIXED,
    "workloads come": (workloads(), MIXED[0]),
    "workloads go": (MIXED[1], workloads()),
    "pairs change": PAIRS,
    "a pair moves to another namespace": MOVED,
    "pairs go": (PAIRS[1], ("veth", {"veths": [{"name": "a"}], "state": "absent"})),
    "namespaces come": (("netns", {"names": []}), ("netns", {"names": ["blue", "green"]})),
}


def prepare(box: Box) -> None:
    """Make the namespaces of others."""
    box.turn_ipv6_off()
    for name in ("theirs", "others"):
        box.add_namespace_of_others(name)
