# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fabric files with faults in the options of sessions: each is reported with its line, the value and a remedy."""

from __future__ import annotations

import json

import pytest
from bad_fabric import REFLECTED, Case, check_report, problems

CASES = [
    Case(
        "a password is in clear",
        '"{{ bgp_password }}"',
        "hunter2",
        [
            (
                "9: bgp: password is not a template, and this file is no place for secrets; put it into a vaulted "
                'variable and write "{{ NAME_OF_THE_VARIABLE }}"'
            )
        ],
        base=REFLECTED,
    ),
    Case(
        "a password is a number",
        '"{{ bgp_password }}"',
        "12345",
        [
            (
                "9: bgp: password is not a template, and this file is no place for secrets; put it into a vaulted "
                'variable and write "{{ NAME_OF_THE_VARIABLE }}"'
            )
        ],
        base=REFLECTED,
    ),
    Case(
        "a peer's password is in clear",
        "    selector: rack == 'a'\n",
        "    selector: rack == 'a'\n    password: hunter2\n",
        [
            (
                "19: tor1: password is not a template, and this file is no place for secrets; put it into a vaulted "
                'variable and write "{{ NAME_OF_THE_VARIABLE }}"'
            )
        ],
        base=REFLECTED,
    ),
    Case(
        "a password is part of a text",
        '"{{ bgp_password }}"',
        '"x{{ bgp_password }}"',
        [
            (
                "9: bgp: password is not a template, and this file is no place for secrets; put it into a vaulted "
                'variable and write "{{ NAME_OF_THE_VARIABLE }}"'
            )
        ],
        base=REFLECTED,
    ),
    Case(
        "an option of one session is given for all",
        "  hold_time: 90\n",
        "  multihop: 2\n",
        ["8: bgp: multihop is of one session; write it in an entry of peers"],
        base=REFLECTED,
    ),
    Case(
        "an option of all sessions is given for one",
        "    selector: rack == 'a'\n",
        "    selector: rack == 'a'\n    bfd_interval: 100\n",
        ["19: tor1: bfd_interval is of all sessions; write it below bgp"],
        base=REFLECTED,
    ),
    Case(
        "ttl_security is a number",
        "  hold_time: 90\n",
        "  ttl_security: 1\n",
        ["8: bgp: ttl_security is the number 1, not one of auto, true and false; write one of them"],
        base=REFLECTED,
    ),
    Case(
        "ttl_security is on for a router in another subnet",
        "address: 192.168.50.1\n",
        "address: 172.16.0.1\n    ttl_security: true\n",
        [
            (
                "17: tor1: ttl_security is on, but node3 is in no subnet of the peer's; set multihop to how many hops "
                "away it is, or ttl_security to auto"
            ),
            "40: tor1: no entry of peers has its address 192.168.50.1; add one, or remove the router",
        ],
        base=REFLECTED,
    ),
    Case(
        "bfd is a text",
        "  hold_time: 90\n",
        "  bfd: 'on'\n",
        ["8: bgp: bfd is the text 'on', not a boolean; write true or false, without quotes"],
        base=REFLECTED,
    ),
    Case(
        "the hold time is too short",
        "hold_time: 90",
        "hold_time: 2",
        ["8: bgp: hold_time 2 is out of range; use 3 to 65535 seconds"],
        base=REFLECTED,
    ),
    Case(
        "the hold time is too long",
        "hold_time: 90",
        "hold_time: 65536",
        ["8: bgp: hold_time 65536 is out of range; use 3 to 65535 seconds"],
        base=REFLECTED,
    ),
    Case(
        "keepalives are too rare",
        "  hold_time: 90\n",
        "  hold_time: 90\n  keepalive_time: 31\n",
        [
            (
                "9: bgp: keepalive_time 31 is more than a third of hold_time 90; three signs of life must fit: use a "
                "third of hold_time at most"
            )
        ],
        base=REFLECTED,
    ),
    Case(
        "keepalives are too rare for the default hold time",
        "  hold_time: 90\n",
        "  keepalive_time: 31\n",
        [
            (
                "8: bgp: keepalive_time 31 is more than a third of hold_time 90; three signs of life must fit: use a "
                "third of hold_time at most"
            )
        ],
        base=REFLECTED,
    ),
    Case(
        "keepalives of all are too rare for one peer's hold time",
        "    selector: rack == 'a'\n",
        "    selector: rack == 'a'\n    hold_time: 9\n    keepalive_time: 4\n",
        [
            (
                "20: tor1: keepalive_time 4 is more than a third of hold_time 9; three signs of life must fit: use a "
                "third of hold_time at most"
            )
        ],
        base=REFLECTED,
    ),
    Case(
        "a send hold time is below the hold time",
        "  hold_time: 90\n",
        "  hold_time: 90\n  send_hold_time: 90\n",
        ["9: bgp: send_hold_time 90 is not more than hold_time 90; use twice the hold_time, or 0 for no limit"],
        base=REFLECTED,
    ),
    Case(
        "a time is negative",
        "  hold_time: 90\n",
        "  connect_retry_time: -1\n",
        ["8: bgp: connect_retry_time -1 is out of range; use 1 to 3600 seconds"],
        base=REFLECTED,
    ),
    Case(
        "a time is a text",
        "  hold_time: 90\n",
        "  connect_delay_time: 5s\n",
        ["8: bgp: connect_delay_time is the text '5s', not a whole number; write it in digits, without quotes"],
        base=REFLECTED,
    ),
    Case(
        "error_wait_time is one number",
        "  hold_time: 90\n",
        "  error_wait_time: 5\n",
        ["8: bgp: error_wait_time is the number 5, not a list; write each item on a line that begins with '- '"],
        base=REFLECTED,
    ),
    Case(
        "error_wait_time has three numbers",
        "  hold_time: 90\n",
        "  error_wait_time: [1, 2, 3]\n",
        [
            (
                "8: bgp: error_wait_time is a list of 3, not of two; give the shortest and the longest pause in "
                "seconds, such as [1, 30]"
            )
        ],
        base=REFLECTED,
    ),
    Case(
        "error_wait_time goes down",
        "  hold_time: 90\n",
        "  error_wait_time: [30, 1]\n",
        [
            (
                "8: bgp: error_wait_time goes down, from 30 to 1; give the shortest and the longest pause in seconds, "
                "such as [1, 30]"
            )
        ],
        base=REFLECTED,
    ),
    Case(
        "the graceful restart time is too long",
        "  hold_time: 90\n",
        "  graceful_restart_time: 4096\n",
        ["8: bgp: graceful_restart_time 4096 is out of range; use 1 to 4095 seconds"],
        base=REFLECTED,
    ),
    Case(
        "bfd_interval is too short",
        "  hold_time: 90\n",
        "  bfd_interval: 1\n",
        ["8: bgp: bfd_interval 1 is out of range; use 10 to 60000 milliseconds"],
        base=REFLECTED,
    ),
    Case(
        "next_hop is unknown",
        "  hold_time: 90\n",
        "  next_hop: me\n",
        ["8: bgp: next_hop me is not known; use default or self or keep"],
        base=REFLECTED,
    ),
    Case(
        "a community is out of range",
        "  hold_time: 90\n",
        "  communities: ['70000:1']\n",
        [("8: bgp: communities[0] 70000:1 is not a community; write two numbers from 0 to 65535, such as '64512:100'")],
        base=REFLECTED,
    ),
    Case(
        "a community is read as a number",
        "  hold_time: 90\n",
        "  communities: [1:30]\n",
        ['8: bgp: communities[0] is the number 1:30, not text; write it in quotes: "1:30"'],
        base=REFLECTED,
    ),
    Case(
        "an import limit is 0",
        "  hold_time: 90\n",
        "  import_limit: 0\n",
        ["8: bgp: import_limit 0 is out of range; use 1 to 2147483648"],
        base=REFLECTED,
    ),
    Case(
        "an import limit's action is unknown",
        "    selector: rack == 'a'\n",
        "    selector: rack == 'a'\n    import_limit: 5\n    import_limit_action: drop\n",
        ["20: tor1: import_limit_action drop is not known; use warn or block or restart or disable"],
        base=REFLECTED,
    ),
    Case(
        "an import limit's action has no limit",
        "    selector: rack == 'a'\n",
        "    selector: rack == 'a'\n    import_limit_action: warn\n",
        ["19: tor1: import_limit_action warn has no import_limit; set import_limit as well"],
        base=REFLECTED,
    ),
    Case(
        "a filter is unknown",
        "    import_filter: only-default\n",
        "    import_filter: only-defaults\n",
        ["19: tor1: import_filter only-defaults is not one of filters; did you mean 'only-default'?"],
        base=REFLECTED,
    ),
    Case(
        "a filter of all sessions is unknown",
        "  hold_time: 90\n",
        "  export_filter: nothing\n",
        ["8: bgp: export_filter nothing is not one of filters; choose from only-default"],
        base=REFLECTED,
    ),
    Case(
        "an aggregate is outside of the pools",
        "    selector: rack == 'a'\n",
        "    selector: rack == 'a'\n    aggregates: [10.9.0.0/16]\n",
        [("19: tor1: aggregate 10.9.0.0/16 holds no address of a pool; use one that holds blocks of 10.244.0.0/16")],
        base=REFLECTED,
    ),
    Case(
        "an aggregate lies in another",
        "    selector: rack == 'a'\n",
        "    selector: rack == 'a'\n    aggregates: [10.244.0.0/16, 10.244.8.0/24]\n",
        ["19: tor1: aggregate 10.244.8.0/24 lies inside of 10.244.0.0/16; keep one of the two"],
        base=REFLECTED,
    ),
    Case(
        "an aggregate has host bits set",
        "    selector: rack == 'a'\n",
        "    selector: rack == 'a'\n    aggregates: [10.244.0.1/16]\n",
        ["19: tor1: aggregates[0] 10.244.0.1/16 has host bits set; write 10.244.0.0/16"],
        base=REFLECTED,
    ),
    Case(
        "a multihop count is out of range",
        "    selector: rack == 'a'\n",
        "    selector: rack == 'a'\n    multihop: 256\n",
        ["19: tor1: multihop 256 is out of range; use 1 to 255"],
        base=REFLECTED,
    ),
    Case(
        "passive is a text",
        "    selector: rack == 'a'\n",
        "    selector: rack == 'a'\n    passive: maybe\n",
        ["19: tor1: passive is the text 'maybe', not a boolean; write true or false, without quotes"],
        base=REFLECTED,
    ),
    Case(
        "an unknown key among the options",
        "  hold_time: 90\n",
        "  holdtime: 90\n",
        ["8: bgp: unknown key holdtime; did you mean 'hold_time'?"],
        base=REFLECTED,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_fault_is_reported_with_line_value_and_remedy(case: Case) -> None:
    check_report(case)


@pytest.mark.parametrize(
    "expression",
    [
        "'hunter2'",
        '"hunter2"',
        "'hunter2' | string",
        "bgp_password | default('hunter2')",
        "bgp_password | d( 'hunter2' )",
        "['hunter2'] | first",
        "('hunter2')",
        "{'a': 'hunter2'}['a']",
        "bgp_password ~ 'hunter2'",
        "'hunter2' if vault is undefined else vault",
        "bgp_password }}hunter2{{ bgp_password",
    ],
)
def test_a_password_in_clear_is_refused_however_it_is_wrapped(expression: str) -> None:
    text = REFLECTED.replace('"{{ bgp_password }}"', f"{json.dumps(f'{{{{ {expression} }}}}')}")
    assert problems(text) == [
        "lab.fabric.yml:9: bgp: password has a text in its template, and this file is no place for secrets; put it "
        "into a "
        'vaulted variable and write "{{ NAME_OF_THE_VARIABLE }}"'
    ]


@pytest.mark.parametrize(
    "expression",
    [
        "bgp_passwords['rack a']",
        "hostvars['vault']['bgp']",
        "lookup('file', 'secrets/bgp') | trim",
        "(lookup('env', 'BGP')).split(':')[0]",
        "bgp_password | default('')",
    ],
)
def test_a_password_may_be_any_expression_that_finds_it(expression: str) -> None:
    assert problems(REFLECTED.replace('"{{ bgp_password }}"', json.dumps(f"{{{{ {expression} }}}}"))) == []
