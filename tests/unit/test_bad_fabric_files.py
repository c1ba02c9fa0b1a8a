# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that are no fabric file at all: each fault is reported with its line, the value and a remedy."""

from __future__ import annotations

import json
import re
import typing as t

import pytest
import yaml
from bad_fabric import GOOD, REFLECTED, Case, check_report, problems
from hypothesis import given, settings
from hypothesis import strategies as st

CASES = [
    Case(
        "the file is empty",
        whole="",
        faults=["1: the file is empty; write a fabric into it; inventories/lab/lab.fabric.yml is an example"],
    ),
    Case(
        "the file holds only a comment",
        whole="# nothing yet\n",
        faults=["1: the file is empty; write a fabric into it; inventories/lab/lab.fabric.yml is an example"],
    ),
    Case(
        "the file holds only null",
        whole="~\n",
        faults=["1: the file is empty; write a fabric into it; inventories/lab/lab.fabric.yml is an example"],
    ),
    Case(
        "the file is a list",
        whole="- plugin: purel3.fabric.fabric\n",
        faults=["1: the file is a list, not a mapping of keys to values; write its keys below it"],
    ),
    Case(
        "the file is one text",
        whole="hello\n",
        faults=["1: the file is the text 'hello', not a mapping of keys to values; write its keys below it"],
    ),
    Case(
        "the file holds two documents",
        whole="plugin: purel3.fabric.fabric\n---\nas_number: 64512\n",
        faults=["2: this is not YAML: ...; correct this line or the one above it"],
    ),
    Case(
        "a bracket is not closed",
        "blocks: [10.244.1.0/26]",
        "blocks: [10.244.1.0/26",
        ["11: this is not YAML: ...; correct this line or the one above it"],
    ),
    Case(
        "a line is indented with a tab",
        "    interface: ens33\n    blocks",
        "\tinterface: ens33\n    blocks",
        [
            "9: this is not YAML: while scanning a plain scalar, found a tab character that violates indentation at "
            "column 1; correct this line or the one above it"
        ],
    ),
    Case(
        "a colon is missing its space",
        "as_number: 64512",
        "as_number:64512",
        ["3: this is not YAML: ...; correct this line or the one above it"],
    ),
    Case(
        "an alias has no anchor",
        "node: node2",
        "node: *nobody",
        ["19: this is not YAML: ...; correct this line or the one above it"],
    ),
    Case(
        "an anchor holds itself",
        "as_number: 64512",
        "as_number: &me [*me]",
        [
            "2: an anchor holds itself; remove the alias in it",
            "2: as_number is a list, not a whole number; write it in digits, without quotes",
        ],
    ),
    Case(
        "a control character is in the file",
        "node: node2",
        "node: node\x072",
        ["19: this is not YAML: the character '\\x07' is not allowed; remove it"],
    ),
    Case(
        "a value is encrypted with vault",
        "node: node2",
        "node: !vault abc",
        ["19: the tag !vault is not supported here; write plain values; secrets go into host_vars"],
    ),
    Case(
        "the whole file is encrypted",
        whole="$ANSIBLE_VAULT;1.1;AES256\n6130\n",
        faults=["1: the file is encrypted; keep the fabric file readable, and secrets in host_vars or group_vars"],
    ),
    Case(
        "a tag does not fit its value",
        "as_number: 64512",
        "as_number: !!int many",
        ["2: many does not fit its tag !!int; remove the tag"],
    ),
    Case(
        "merging something that is no mapping",
        "  node2:\n",
        "  node2:\n    <<: [1]\n",
        ["12: '<<' merges something that is not a mapping; give it the alias of a mapping"],
    ),
    Case(
        "an unknown key near a known one",
        "as_number: 64512",
        "as_nubmer: 64512",
        ["2: unknown key as_nubmer; did you mean 'as_number'?"],
    ),
    Case(
        "an unknown key near none",
        "block_size: 26",
        "zzz: 1",
        ["5: pools[0]: unknown key zzz; choose from block_size, cidr, encapsulation, name"],
    ),
    Case(
        "a key is given twice",
        "as_number: 64512",
        "as_number: 64512\nas_number: 64513",
        ["3: as_number is given twice (first on line 2); remove or rename one of the two"],
    ),
    Case(
        "a key is a number", "  web2:\n", "  2:\n", ['18: the key 2 is read as !!int by YAML, not as text; write "2"']
    ),
    Case(
        "a key is a word that YAML reads as true",
        "  web2:\n",
        "  on:\n",
        ['18: the key on is read as !!bool by YAML, not as text; write "on"'],
    ),
    Case("a key is null", "  web2:\n", "  ~:\n", ["18: a key is empty; write text before the colon"]),
    Case(
        "a key is a list",
        "  web2:\n",
        "  [web, 2]:\n",
        ["18: a list or mapping stands where a key should be; use text as the key"],
    ),
    Case(
        "the plugin is another",
        "plugin: purel3.fabric.fabric",
        "plugin: purel3.fabric.fabrik",
        ["1: plugin purel3.fabric.fabrik is not known; use purel3.fabric.fabric"],
    ),
    Case(
        "the plugin is missing",
        "plugin: purel3.fabric.fabric\n",
        "",
        ["1: plugin is missing; write 'plugin: purel3.fabric.fabric' at the top"],
    ),
    Case(
        "the topology is unknown",
        "as_number: 64512",
        "as_number: 64512\ntopology: ring",
        ["3: topology ring is not known; use full_mesh or route_reflector or none"],
    ),
    Case(
        "strict is a text",
        "as_number: 64512",
        "as_number: 64512\nstrict: maybe",
        ["3: strict is the text 'maybe', not a boolean; see 'ansible-doc -t inventory constructed'"],
    ),
    Case(
        "groups is a list",
        "as_number: 64512",
        "as_number: 64512\ngroups: [a]",
        ["3: groups is a list, not a mapping; see 'ansible-doc -t inventory constructed'"],
    ),
    Case(
        "a group has the name of a node",
        "as_number: 64512",
        "as_number: 64512\ngroups: {node1: 'true'}",
        ["3: groups: node1 is also the name of a node (line 8); rename the group"],
    ),
    Case(
        "a key of a filter has a new line in it",
        "as_number: 64512",
        'as_number: 64512\nfilters: {f: [{"a\\nb": 1, action: accept}]}',
        ["3: filters: f rule 1 a\\nb: unknown key 'a\\nb'; choose from match, action, set"],
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_fault_is_reported_with_line_value_and_remedy(case: Case) -> None:
    check_report(case)


def test_the_good_file_has_no_faults() -> None:
    assert problems(GOOD) == []
    assert problems(REFLECTED) == []


@settings(deadline=None, max_examples=400)
@given(
    st.sampled_from([GOOD, REFLECTED]),
    st.floats(0, 1),
    st.integers(0, 20),
    st.sampled_from(["", "~", "[", "]", "{a: ", "&a ", "*a", "!x ", "\t", "#", "'", ": ", "- ", "yes", "0x1F", "1.5"]),
    st.text(max_size=5),
)
def test_any_edit_gives_a_fabric_or_a_report_with_lines_and_remedies(
    good: str, share: float, gone: int, word: str, text: str
) -> None:
    at = int(share * len(good))
    for problem in problems(good[:at] + word + text + good[at + gone :]):
        assert re.fullmatch(r"lab\.fabric\.yml:[0-9]+: .+; .+", problem), problem


def test_deep_nesting_and_aliases_that_unfold_without_end_are_refused() -> None:
    deep = problems(f"{GOOD}groups: {'[' * 200000}")
    assert deep == ["lab.fabric.yml:20: this is nested more than 100 levels deep; a fabric file needs few levels"]
    doubling = "".join(f"  a{number + 1}: &a{number + 1} [*a{number}, *a{number}]\n" for number in range(40))
    unfolded = problems(f"{GOOD}groups:\n  a0: &a0 x\n{doubling}")
    assert "lab.fabric.yml:40: aliases unfold this to more than 1000000 values; write it without them" in unfolded


def test_a_chain_of_aliases_is_as_deep_as_what_it_unfolds_to() -> None:
    chain = "".join(f"  a{number + 1}: &a{number + 1} [*a{number}]\n" for number in range(300))
    faults = problems(f"{GOOD}vars:\n  a0: &a0 x\n{chain}")
    assert faults[0].endswith(": aliases unfold this to more than 100 levels; write it without them")
    short = "".join(f"  a{number + 1}: &a{number + 1} [*a{number}]\n" for number in range(40))
    assert problems(f"{GOOD}vars:\n  a0: &a0 x\n{short}") == []


NASTY = ["\0", "a\nb", "", 2**70, None, [None], {"a": None}]
Path = t.Tuple[t.Union[str, int], ...]


def places(value: t.Any, path: Path = ()) -> t.Iterator[Path]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*path, key)
        yield from places(inner, (*path, key))


@pytest.mark.parametrize("good", [GOOD, REFLECTED])
def test_any_value_and_any_key_gives_a_fabric_or_a_report_of_one_line_a_fault(good: str) -> None:
    for path in places(yaml.safe_load(good)):
        for nasty in NASTY:
            for is_key in (False, True):
                fabric = yaml.safe_load(good)
                holder = fabric
                for key in path[:-1]:
                    holder = holder[key]
                if is_key and isinstance(holder, dict) and isinstance(nasty, str):
                    holder[nasty] = holder.pop(path[-1])
                else:
                    holder[path[-1]] = nasty
                for problem in problems(json.dumps(fabric)):
                    assert re.fullmatch(r"lab\.fabric\.yml:[0-9]+: .+; .+", problem), (path, nasty, problem)
