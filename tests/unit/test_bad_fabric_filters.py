# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fabric files with faults in their filters: each is reported with its line, the value and a remedy."""

from __future__ import annotations

import pytest
from bad_fabric import REFLECTED, Case, check_report

CASES = [
    Case(
        "filters is a list",
        "filters:\n  only-default:\n    - match: {prefix: 0.0.0.0/0}\n      action: accept\n",
        "filters: [only-default]\n",
        [
            "10: filters is a list, not a mapping of keys to values; write its keys below it",
            "16: tor1: import_filter only-default is not one of filters; there is none yet",
        ],
        base=REFLECTED,
    ),
    Case(
        "a filter is no list",
        "    - match: {prefix: 0.0.0.0/0}\n      action: accept\n",
        "    action: accept\n",
        [
            (
                "11: filters: only-default: {'action': 'accept'} is not a list of rules; write each rule on a line "
                "that begins '- '"
            )
        ],
        base=REFLECTED,
    ),
    Case(
        "a filter has no rule",
        "  only-default:\n    - match: {prefix: 0.0.0.0/0}\n      action: accept\n",
        "  only-default: []\n",
        [
            (
                "11: filters: only-default: has no rule and so rejects everything; write [{action: reject}] if that "
                "is meant"
            )
        ],
        base=REFLECTED,
    ),
    Case(
        "a rule is a text",
        "    - match: {prefix: 0.0.0.0/0}\n      action: accept\n",
        "    - accept\n",
        ["12: filters: only-default rule 1: 'accept' is not a rule; write a mapping with match, action and set"],
        base=REFLECTED,
    ),
    Case(
        "a rule has an unknown key",
        "      action: accept\n",
        "      acton: accept\n",
        [
            (
                "12: filters: only-default rule 1: does nothing; give it an action (accept or reject) or something to "
                "set"
            ),
            "13: filters: only-default rule 1 acton: unknown key 'acton'; did you mean 'action'?",
        ],
        base=REFLECTED,
    ),
    Case(
        "a match has an unknown key",
        "{prefix: 0.0.0.0/0}",
        "{prefix: 0.0.0.0/0, net: x}",
        [
            (
                "12: filters: only-default rule 1 match net: unknown key 'net'; choose from prefix, length, "
                "community, as_path, source"
            )
        ],
        base=REFLECTED,
    ),
    Case(
        "an action is unknown",
        "action: accept",
        "action: drop",
        ["13: filters: only-default rule 1 action: 'drop' is not known; use accept or reject"],
        base=REFLECTED,
    ),
    Case(
        "a rule does nothing",
        "      action: accept\n",
        "",
        [("12: filters: only-default rule 1: does nothing; give it an action (accept or reject) or something to set")],
        base=REFLECTED,
    ),
    Case(
        "a rule changes what it rejects",
        "action: accept",
        "action: reject\n      set: {prepend: 1}",
        [("14: filters: only-default rule 1 set: changes a route that is rejected; remove it, or accept the route")],
        base=REFLECTED,
    ),
    Case(
        "a length is below that of its prefix",
        "{prefix: 0.0.0.0/0}",
        "{prefix: 10.1.0.0/16, length: 8-12}",
        [
            (
                "12: filters: only-default rule 1 match length: 8-12 can never match: what lies in 10.1.0.0/16 is at "
                "least /16; use 16 to 32"
            )
        ],
        base=REFLECTED,
    ),
    Case(
        "a length goes down",
        "{prefix: 0.0.0.0/0}",
        "{prefix: 10.0.0.0/8, length: 24-16}",
        [
            (
                "12: filters: only-default rule 1 match length: 24-16 is not a range of prefix lengths; write one "
                "such as 24, or 16-24"
            )
        ],
        base=REFLECTED,
    ),
    Case(
        "a length is over 32",
        "{prefix: 0.0.0.0/0}",
        "{length: 33}",
        [
            (
                "12: filters: only-default rule 1 match length: 33 is not a range of prefix lengths; write one such "
                "as 24, or 16-24"
            )
        ],
        base=REFLECTED,
    ),
    Case(
        "a length is a list",
        "{prefix: 0.0.0.0/0}",
        "{length: [16, 24]}",
        [
            (
                "12: filters: only-default rule 1 match length: [16, 24] is not a range of prefix lengths; write one "
                "such as 24, or 16-24"
            )
        ],
        base=REFLECTED,
    ),
    Case(
        "a prefix has host bits set",
        "{prefix: 0.0.0.0/0}",
        "{prefix: 10.1.0.1/16}",
        ["12: filters: only-default rule 1 match prefix: '10.1.0.1/16' has host bits set; write 10.1.0.0/16"],
        base=REFLECTED,
    ),
    Case(
        "a prefix is no text",
        "{prefix: 0.0.0.0/0}",
        "{prefix: 10}",
        [("12: filters: only-default rule 1 match prefix: 10 is not text; write one in quotes, such as '10.1.0.0/16'")],
        base=REFLECTED,
    ),
    Case(
        "a prefix is IPv6",
        "{prefix: 0.0.0.0/0}",
        "{prefix: 'fd00::/8'}",
        [
            (
                "12: filters: only-default rule 1 match prefix: 'fd00::/8' is IPv6, which is not supported yet; use "
                "an IPv4 address"
            )
        ],
        base=REFLECTED,
    ),
    Case(
        "a community is impossible",
        "{prefix: 0.0.0.0/0}",
        "{community: '64512:70000'}",
        [
            (
                "12: filters: only-default rule 1 match community: '64512:70000' is not a community; write two "
                "numbers from 0 to 65535, such as '64512:100'"
            )
        ],
        base=REFLECTED,
    ),
    Case(
        "a community is read as a number",
        "{prefix: 0.0.0.0/0}",
        "{community: 1:30}",
        [("12: filters: only-default rule 1 match community: 90 is not text; write one in quotes, as '64512:100'")],
        base=REFLECTED,
    ),
    Case(
        "an AS path has an impossible number",
        "{prefix: 0.0.0.0/0}",
        "{as_path: '* 4294967296 *'}",
        [
            (
                "12: filters: only-default rule 1 match as_path: '* 4294967296 *' is not a pattern of AS numbers; "
                "write AS numbers, ? for any one and * for any number of them, such as '* 100 *'"
            )
        ],
        base=REFLECTED,
    ),
    Case(
        "an AS path is a regular expression",
        "{prefix: 0.0.0.0/0}",
        "{as_path: '^100$'}",
        [
            (
                "12: filters: only-default rule 1 match as_path: '^100$' is not a pattern of AS numbers; write AS "
                "numbers, ? for any one and * for any number of them, such as '* 100 *'"
            )
        ],
        base=REFLECTED,
    ),
    Case(
        "an AS path is empty",
        "{prefix: 0.0.0.0/0}",
        "{as_path: ''}",
        [
            (
                "12: filters: only-default rule 1 match as_path: '' is not a pattern of AS numbers; write AS numbers, "
                "? for any one and * for any number of them, such as '* 100 *'"
            )
        ],
        base=REFLECTED,
    ),
    Case(
        "a source is unknown",
        "{prefix: 0.0.0.0/0}",
        "{source: bgp}",
        ["12: filters: only-default rule 1 match source: 'bgp' is not known; use blocks or peers or static"],
        base=REFLECTED,
    ),
    Case(
        "an import filter matches the node's own blocks",
        "{prefix: 0.0.0.0/0}",
        "{source: blocks}",
        [
            (
                "19: tor1: import_filter only-default rule 1: source blocks can never match what a peer sends; use "
                "peers, or none"
            )
        ],
        base=REFLECTED,
    ),
    Case(
        "a rule stands behind one that takes everything",
        "    - match: {prefix: 0.0.0.0/0}\n",
        "    - action: reject\n    - match: {prefix: 0.0.0.0/0}\n",
        [
            (
                "13: filters: only-default rule 2: can never match, because rule 1 rejects all of it before; remove "
                "it, or put it first"
            )
        ],
        base=REFLECTED,
    ),
    Case(
        "a rule stands behind one that takes a wider prefix",
        "    - match: {prefix: 0.0.0.0/0}\n",
        "    - {match: {prefix: 10.0.0.0/8, length: 8-32}, action: reject}\n"
        "    - match: {prefix: 10.1.0.0/16, length: 20-24}\n",
        [
            (
                "13: filters: only-default rule 2: can never match, because rule 1 rejects all of it before; remove "
                "it, or put it first"
            )
        ],
        base=REFLECTED,
    ),
    Case(
        "a rule stands behind the same one",
        "      action: accept\n",
        "      action: accept\n    - {match: {prefix: 0.0.0.0/0, community: '1:2'}, action: reject}\n",
        [
            (
                "14: filters: only-default rule 2: can never match, because rule 1 accepts all of it before; remove "
                "it, or put it first"
            )
        ],
        base=REFLECTED,
    ),
    Case(
        "a prepend is too long",
        "action: accept",
        "action: accept\n      set: {prepend: 11}",
        ["14: filters: only-default rule 1 set prepend: 11 is out of range; use 1 to 10"],
        base=REFLECTED,
    ),
    Case(
        "a preference is out of range",
        "action: accept",
        "action: accept\n      set: {preference: 65536}",
        ["14: filters: only-default rule 1 set preference: 65536 is out of range; use 0 to 65535"],
        base=REFLECTED,
    ),
    Case(
        "a community that is set is no list",
        "action: accept",
        "action: accept\n      set: {communities: '64512:1'}",
        [
            (
                "14: filters: only-default rule 1 set communities: '64512:1' is not a list of communities; write one "
                "such as ['64512:100']"
            )
        ],
        base=REFLECTED,
    ),
    Case(
        "a set has an unknown key",
        "action: accept",
        "action: accept\n      set: {med: 1}",
        [
            (
                "14: filters: only-default rule 1 set med: unknown key 'med'; choose from communities, prepend, "
                "preference, local_preference"
            )
        ],
        base=REFLECTED,
    ),
    Case(
        "an export filter sets what no peer sees",
        "    - match: {prefix: 0.0.0.0/0}\n"
        "      action: accept\n"
        "peers:\n"
        "  tor1:\n"
        "    address: 192.168.50.1\n"
        "    as_number: 64900\n"
        "    selector: rack == 'a'\n"
        "    import_filter",
        "    - action: accept\n"
        "      set: {preference: 50}\n"
        "peers:\n"
        "  tor1:\n"
        "    address: 192.168.50.1\n"
        "    as_number: 64900\n"
        "    selector: rack == 'a'\n"
        "    export_filter",
        [
            (
                "19: tor1: export_filter only-default rule 1 set preference: peers never see it; use prepend or "
                "communities on the way out"
            )
        ],
        base=REFLECTED,
    ),
    Case(
        "an export filter looks for the community of a block",
        "    - match: {prefix: 0.0.0.0/0}\n"
        "      action: accept\n"
        "peers:\n"
        "  tor1:\n"
        "    address: 192.168.50.1\n"
        "    as_number: 64900\n"
        "    selector: rack == 'a'\n"
        "    import_filter",
        "    - match: {community: '1:2'}\n"
        "      action: accept\n"
        "peers:\n"
        "  tor1:\n"
        "    address: 192.168.50.1\n"
        "    as_number: 64900\n"
        "    selector: rack == 'a'\n"
        "    export_filter",
        [
            (
                "19: tor1: export_filter only-default rule 1 match: a block of the node itself has neither community "
                "nor AS path, so that this can never match; use source: peers"
            )
        ],
        base=REFLECTED,
    ),
    Case(
        "a node prepends its number for a peer of its own AS",
        "    - match: {prefix: 0.0.0.0/0}\n"
        "      action: accept\n"
        "peers:\n"
        "  tor1:\n"
        "    address: 192.168.50.1\n"
        "    as_number: 64900\n"
        "    selector: rack == 'a'\n"
        "    import_filter: only-default\n",
        "    - action: accept\n"
        "      set: {prepend: 2}\n"
        "peers:\n"
        "  tor1:\n"
        "    address: 192.168.50.1\n"
        "    as_number: 64900\n"
        "    selector: rack == 'a'\n"
        "    local_as_number: 64900\n"
        "    export_filter: only-default\n",
        [
            (
                "20: tor1: export_filter only-default prepends, but node3 and the peer share AS 64900; no peer takes "
                "a path with its own AS: leave out prepend"
            )
        ],
        base=REFLECTED,
    ),
    Case(
        "all nodes prepend, but share their AS",
        "  hold_time: 90\n"
        '  password: "{{ bgp_password }}"\n'
        "filters:\n"
        "  only-default:\n"
        "    - match: {prefix: 0.0.0.0/0}\n",
        "  export_filter: only-default\nfilters:\n  only-default:\n    - set: {prepend: 1}\n",
        [
            (
                "8: bgp: export_filter only-default prepends, but nodes share AS 64512; no peer takes a path with its "
                "own AS: use the filter for peers in another AS only"
            )
        ],
        base=REFLECTED,
    ),
    Case(
        "a filter's name injects text into bird.conf",
        "  only-default:\n",
        "  'x { }':\n",
        [
            (
                "11: filters: filter 'x { }' is not a usable name; use letters, digits, '-', '_' and '.', with a "
                "letter or digit at both ends"
            ),
            "19: tor1: import_filter only-default is not one of filters; choose from x { }",
        ],
        base=REFLECTED,
    ),
    Case(
        "a rule sets no communities",
        "    - match: {prefix: 0.0.0.0/0}\n      action: accept\n",
        "    - set: {communities: []}\n",
        ["12: filters: only-default rule 1: does nothing; give it an action (accept or reject) or something to set"],
        base=REFLECTED,
    ),
    Case(
        "a rule sets what it leaves empty",
        "    - match: {prefix: 0.0.0.0/0}\n      action: accept\n",
        "    - set: {prepend: null, communities: []}\n",
        ["12: filters: only-default rule 1: does nothing; give it an action (accept or reject) or something to set"],
        base=REFLECTED,
    ),
    Case(
        "an action is empty",
        "    - match: {prefix: 0.0.0.0/0}\n      action: accept\n",
        "    - action: null\n",
        ["12: filters: only-default rule 1: does nothing; give it an action (accept or reject) or something to set"],
        base=REFLECTED,
    ),
    Case(
        "an export filter between nodes looks for static routes",
        "bgp:\n",
        "filters:\n  statics: [{match: {source: static}, action: accept}]\nbgp:\n  export_filter: statics\n",
        [
            "10: bgp: export_filter statics rule 1 match: source static can never match, because a node announces "
            "blocks only to another; remove the rule, or use the filter for routers only"
        ],
        base=REFLECTED.replace("filters:\n  only-default:", "vars:\n  only_default:").replace(
            "    import_filter: only-default\n", ""
        ),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_fault_is_reported_with_line_value_and_remedy(case: Case) -> None:
    check_report(case)
