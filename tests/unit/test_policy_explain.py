# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a connection is allowed or denied, in the words that an operator reads."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.policy.explain import (
    end_from,
    explain,
    lines_of,
    way_from,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.policy.reading import endpoints_from, rulebook_from
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.values.checker import Checker
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.values.scalars import BadValue

CHECKER = Checker()
ENDPOINTS = endpoints_from(
    CHECKER,
    {
        "web1": {"address": "10.1.0.1", "labels": {"app": "web"}},
        "db1": {"address": "10.1.0.2", "labels": {"app": "db"}, "ports": {"psql": "tcp/5432"}},
    },
)
BOOK = rulebook_from(
    CHECKER,
    {
        "tiers": [{"name": "security", "order": 1, "default_action": "pass"}],
        "policies": [
            {
                "name": "no-metadata",
                "tier": "security",
                "egress": [{"action": "deny", "destination": {"nets": ["169.254.169.254/32"]}}],
            },
            {
                "name": "db",
                "selector": "app == 'db'",
                "ingress": [
                    {
                        "action": "allow",
                        "protocol": "tcp",
                        "source": {"selector": "app == 'web'"},
                        "destination": {"ports": ["psql"]},
                    }
                ],
            },
        ],
    },
    ENDPOINTS,
)
CASES: t.Mapping[str, t.Tuple[t.Tuple[str, str, str], t.List[str]]] = {
    "allowed by a rule": (
        ("web1", "db1", "tcp/5432"),
        [
            "web1 10.1.0.1 -> db1 10.1.0.2  tcp/5432",
            "egress of web1: allowed by policy.default, egress",
            "  asked: tier security: no-metadata",
            "ingress of db1: allowed by policy db, ingress[0]",
            "  asked: tier default: db",
            "=> allowed",
            "tcp/1-5431: denied by policy db, end of tier default for ingress",
            "tcp/5432: allowed by policy db, ingress[0]",
            "tcp/5433-65535: denied by policy db, end of tier default for ingress",
        ],
    ),
    "denied where it leaves, so that nobody asks where it arrives": (
        ("web1", "169.254.169.254", "tcp/80"),
        [
            "web1 10.1.0.1 -> 169.254.169.254  tcp/80",
            "egress of web1: denied by policy no-metadata, egress[0]",
            "  asked: tier security: no-metadata",
            "=> denied",
        ],
    ),
    "from outside, by an address": (
        ("198.51.100.1", "10.1.0.2", "icmp"),
        [
            "198.51.100.1 -> db1 10.1.0.2  icmp",
            "ingress of db1: denied by policy db, end of tier default for ingress",
            "  asked: tier default: db",
            "=> denied",
        ],
    ),
    "no workload at either end": (
        ("198.51.100.1", "198.51.100.2", "udp/53"),
        [
            "198.51.100.1 -> 198.51.100.2  udp/53",
            "neither end is a workload, so no policy is asked",
            "=> allowed",
        ],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_each_stage_is_told_with_what_decides_it(case: str) -> None:
    (source, destination, way), expected = CASES[case]
    assert CHECKER.faults == []
    ends = end_from(source, ENDPOINTS), end_from(destination, ENDPOINTS)
    assert lines_of(explain(BOOK, *ends, *way_from(way))) == expected


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("web", "is neither a workload nor an address; did you mean web1?"),
        ("10.1.0.300", "is neither a workload nor an address; name one of the two"),
    ],
)
def test_an_end_that_is_none_is_refused(text: str, fault: str) -> None:
    with pytest.raises(BadValue) as caught:
        end_from(text, ENDPOINTS)
    assert str(caught.value) == fault


@pytest.mark.parametrize("text", ["tcp", "tcp/0", "tcp/65536", "http/80", "icmp/8", "tcp/http"])
def test_a_way_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(BadValue, match="write "):
        way_from(text)
