# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module that writes the allocation store."""

from __future__ import annotations

import fcntl
import os
import threading
import typing as t
from pathlib import Path

import pytest

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.errors import (
    FabricError,
    ForeignObject,
    InvalidInput,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.proposal import Proposal
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.fabric.allocation.store import digest
from ansible_collections.purel3.fabric.plugins.modules.allocations import propose_from

BLOCKS = {"10.244.104.0/26": "node2", "10.244.20.0/26": "node1"}
ADDRESSES = {"10.244.104.10": "web3", "10.244.104.9": "web4", "10.244.20.0": "web1"}

WHOLE = """\
# Blocks and addresses that purel3.fabric has allocated.
# Written by its module 'allocations': keep it in version control beside the fabric file,
# so that adding a node or a workload never moves an old one.
address 10.244.20.0 web1
address 10.244.104.9 web4
address 10.244.104.10 web3
block 10.244.20.0/26 node1
block 10.244.104.0/26 node2
"""


@pytest.fixture(name="path")
def store_path(tmp_path: Path) -> Path:
    return tmp_path / "lab.allocations.txt"


def propose(
    path: Path,
    blocks: t.Optional[t.Mapping[str, str]] = None,
    addresses: t.Optional[t.Mapping[str, str]] = None,
    tunnels: t.Optional[t.Mapping[str, str]] = None,
    freed: t.Sequence[str] = (),
    based_on: t.Optional[str] = None,
) -> Proposal:
    params = {
        "path": str(path),
        "blocks": BLOCKS if blocks is None else blocks,
        "addresses": ADDRESSES if addresses is None else addresses,
        "tunnels": tunnels or {},
        "freed": freed,
        "based_on": based_on,
    }
    return propose_from(params)


def test_a_new_store_holds_all_allocations_in_numeric_order(path: Path) -> None:
    proposal = propose(path)
    assert not path.exists(), "planning must not write"
    assert proposal.operations == tuple(f"+ {line}" for line in WHOLE.splitlines()[3:])
    proposal.apply()
    assert path.read_text() == WHOLE


def test_the_same_allocations_change_nothing(path: Path) -> None:
    path.write_text(WHOLE)
    assert propose(path).operations == ()


def test_comments_and_the_order_of_lines_do_not_count(path: Path) -> None:
    lines = WHOLE.splitlines()
    path.write_text("\n".join([*lines[:3], "# web3 is the shop", *reversed(lines[3:])]))
    assert propose(path).operations == ()


def test_only_what_differs_is_shown(path: Path) -> None:
    path.write_text(WHOLE)
    proposal = propose(path, addresses={"10.244.104.10": "web3", "10.244.104.9": "web4", "10.244.20.1": "web1"})
    assert proposal.operations == ("- address 10.244.20.0 web1", "+ address 10.244.20.1 web1")
    assert (proposal.before, proposal.after) == ("address 10.244.20.0 web1\n", "address 10.244.20.1 web1\n")
    proposal.apply()
    assert path.read_text() == WHOLE.replace("10.244.20.0 web1", "10.244.20.1 web1")


def test_the_addresses_of_tunnels_follow_at_the_end(path: Path) -> None:
    path.write_text(WHOLE)
    tunnels = {"10.244.104.63": "node2", "10.244.20.63": "node1"}
    proposal = propose(path, tunnels=tunnels)
    assert proposal.operations == ("+ tunnel 10.244.20.63 node1", "+ tunnel 10.244.104.63 node2")
    proposal.apply()
    assert path.read_text() == WHOLE + "tunnel 10.244.20.63 node1\ntunnel 10.244.104.63 node2\n"
    assert propose(path, tunnels=tunnels).operations == ()


def test_what_is_freed_stands_between_blocks_and_tunnels(path: Path) -> None:
    propose(path, tunnels={"10.244.20.63": "node2"}, freed=["10.244.10.9", "10.244.9.0/26"]).apply()
    tunnel = "tunnel 10.244.20.63 node2"
    assert path.read_text().splitlines()[-3:] == ["freed 10.244.9.0/26", "freed 10.244.10.9", tunnel]
    assert propose(path, tunnels={"10.244.20.63": "node2"}, freed=["10.244.9.0/26", "10.244.10.9"]).operations == ()


def test_a_file_of_somebody_else_is_never_written(path: Path) -> None:
    path.write_text("shopping list\n")
    with pytest.raises(ForeignObject, match="is not an allocation store of ours; move it away"):
        propose(path)
    assert path.read_text() == "shopping list\n"


def test_a_link_stays_a_link(path: Path, tmp_path: Path) -> None:
    target = tmp_path / "elsewhere.txt"
    path.symlink_to(target)
    propose(path).apply()
    assert path.is_symlink()
    assert target.read_text() == WHOLE


@pytest.mark.parametrize(
    ("blocks", "addresses", "tunnels", "fault"),
    [
        ({"10.1.0.1/26": "node1"}, {}, {}, "'block 10.1.0.1/26 node1' has host bits set"),
        (
            {"10.1.0.0/26": None},
            {},
            {},
            "allocations: 10.1.0.0/26: None is no name; write that of its node or workload",
        ),
        ({"10.1.0.0/26": "n"}, {"10.1.0.1": True}, {}, "allocations: 10.1.0.1: True is no name"),
        ({"10.1.0.0/26": "node 1"}, {}, {}, "'block 10.1.0.0/26 node 1' is neither"),
        ({"10.1.0.0/26": "node1"}, {"10.2.0.0": "web1"}, {}, "web1: address 10.2.0.0 is in none of the store's blocks"),
        ({"10.1.0.0/26": "node1"}, {"10.1.0.1": "a", "10.1.0.2": "a"}, {}, "a: has an address on line 3 as well"),
        ({"10.1.0.0/26\nblock 10.1.1.0/26": "node1"}, {}, {}, "'block 10.1.0.0/26' is neither"),
        ({"10.1.0.0/26": "node1"}, {}, {"10.2.0.0": "node1"}, "node1: tunnel address 10.2.0.0 is in none of the"),
        ({"10.1.0.0/26": "n"}, {"10.1.0.1": "a"}, {"10.1.0.1": "n"}, "n: tunnel address 10.1.0.1 is also on line 3"),
        ({"10.1.0.0/26": "n"}, {}, {"10.1.0.1": "n", "10.1.0.2": "n"}, "n: has a tunnel address on line 3 as well"),
    ],
)
def test_options_that_contradict_each_other_are_refused(
    path: Path, blocks: t.Mapping[str, str], addresses: t.Mapping[str, str], tunnels: t.Mapping[str, str], fault: str
) -> None:
    with pytest.raises(InvalidInput) as report:
        propose(path, blocks, addresses, tunnels)
    assert fault in str(report.value)


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(FabricError, match=f"there is no folder {tmp_path}/nowhere; correct the option path"):
        propose(tmp_path / "nowhere" / "lab.allocations.txt")


def test_a_write_that_fails_leaves_the_old_store_and_nothing_else(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.write_text(WHOLE)

    def full(_old: str, _new: str) -> None:
        raise OSError(28, "No space left on device")

    proposal = propose(path, {}, {})
    monkeypatch.setattr(os, "rename", full)
    with pytest.raises(FabricError, match="cannot be written: No space left on device; make room for it"):
        proposal.apply()
    assert path.read_text() == WHOLE
    assert list(path.parent.iterdir()) == [path]


def test_what_a_killed_run_leaves_is_no_inventory_and_the_next_run_takes_it_away(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(_old: str, _new: str) -> None:
        raise KeyboardInterrupt

    proposal = propose(path)
    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", die)
        with pytest.raises(KeyboardInterrupt):
            proposal.apply()
    assert [left.suffix for left in path.parent.iterdir()] == [".txt"]
    propose(path).apply()
    assert list(path.parent.iterdir()) == [path]


LOST = "has changed since it was read: another run has stored allocations, which would be lost; run again"


def test_allocations_made_over_a_store_that_another_run_has_changed_are_refused(path: Path) -> None:
    path.write_text(WHOLE)
    of_another_run = propose(path, addresses={**ADDRESSES, "10.244.20.1": "web5"})
    based_on = digest(path.read_text())
    of_another_run.apply()
    with pytest.raises(FabricError, match=LOST):
        propose(path, addresses={**ADDRESSES, "10.244.20.1": "web6"}, based_on=based_on)
    assert "web5" in path.read_text()


def test_the_same_allocations_from_two_runs_are_one(path: Path) -> None:
    path.write_text(WHOLE)
    assert propose(path, based_on=digest("")).operations == ()


def test_allocations_made_over_the_store_as_it_stands_are_stored(path: Path) -> None:
    path.write_text(WHOLE + "# comments and order do not count\n")
    propose(path, addresses={"10.244.20.1": "web5"}, based_on=digest(WHOLE)).apply()
    assert "web5" in path.read_text()


@pytest.mark.parametrize("text", [None, WHOLE])
def test_a_store_that_another_run_changes_between_planning_and_writing_keeps_what_that_run_wrote(
    path: Path, text: t.Optional[str]
) -> None:
    if text is not None:
        path.write_text(text)
    first, second = (propose(path, addresses={"10.244.20.1": name}) for name in ("web5", "web6"))
    first.apply()
    with pytest.raises(FabricError, match=LOST):
        second.apply()
    assert "web5" in path.read_text()


def test_a_store_is_written_by_one_run_at_a_time(path: Path) -> None:
    proposal = propose(path)
    folder = os.open(path.parent, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    writing = threading.Thread(target=proposal.apply)
    writing.start()
    writing.join(0.2)
    assert writing.is_alive()
    assert not path.exists()
    os.close(folder)
    writing.join()
    assert path.read_text() == WHOLE
