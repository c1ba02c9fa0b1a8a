# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A workload whose namespace is not there: all others are attached, what is left of it stays, and it is named."""

from __future__ import annotations

import contextlib
import os
import subprocess
import typing as t
from pathlib import Path

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from box import Box, Workload, workload

from ansible_collections.purel3.fabric.plugins.module_utils.purel3._ansible.concerns.workloads import (
    ARGUMENT_SPEC,
    propose_from,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.proposal import Proposal
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.kernel import namespaces
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.kinds.scope import Scope
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.state.linux.network import LinuxKernel
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.verify.conformance import check_conformance
from ansible_collections.purel3.fabric.plugins.modules import conformance

WEB1, WEB2 = workload("web1", "10.244.1.1"), workload("web2", "10.244.1.2")
HOST3 = "calic744a041b7f"
ENDS = "; all others are attached; start what it belongs to and run again, or set missing_namespace: warn"


def attach(*workloads: Workload, **options: str) -> Proposal:
    """Run the module as a task does."""
    given = ArgumentSpecValidator(ARGUMENT_SPEC).validate({"workloads": list(workloads), **options})
    assert not given.error_messages
    with contextlib.ExitStack() as stack:

        def kernel_of(scope: Scope) -> LinuxKernel:
            return stack.enter_context(contextlib.closing(LinuxKernel(scope)))

        proposal = propose_from(given.validated_parameters, kernel_of)
        assert proposal.obstacles == ()
        proposal.apply()
        return proposal


def link(name: str, target: str) -> str:
    os.makedirs("/run/netns", exist_ok=True)
    os.symlink(target, f"/run/netns/{name}")
    return name


def process_of_the_host() -> int:
    # It ends with the node.
    return subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "sleep", "600"]).pid


def file() -> str:
    Path("/run/file").touch()
    return "/run/file"


MISSING: t.Dict[str, t.Tuple[t.Callable[[], str], str]] = {
    "a process that ended": (lambda: "4194304", "its netns /proc/4194304/ns/net does not exist"),
    "a path that is not there": (lambda: "/run/containers/web3", "its netns /run/containers/web3 does not exist"),
    "a path through a file": (lambda: file() + "/net", "its netns /run/file/net cannot be opened: Not a directory"),
    "the host itself": (lambda: "/proc/self/ns/net", "its netns /proc/self/ns/net is this host's own"),
    "a file": (
        file,
        "netns /run/file is not a network namespace; give a path such as /proc/4711/ns/net",
    ),
    "a name that leads to a process that ended": (
        lambda: link("web3", "/proc/4194304/ns/net"),
        "its netns web3 does not exist",
    ),
    "a name that leads to the host": (
        lambda: link("web3", f"/proc/{process_of_the_host()}/ns/net"),
        "its netns web3 is this host's own",
    ),
}


@pytest.mark.parametrize("case", MISSING)
def test_all_others_are_attached_and_it_is_named(case: str, box: Box) -> None:
    make, why = MISSING[case]
    web3 = workload("web3", "10.244.1.3", netns=make())
    box.workloads(WEB1)
    proposal = attach(WEB2, web3)
    assert proposal.shortfalls == (f"workload web3 is left out: {why}{ENDS}",)
    assert proposal.values == {"missing_workloads": ["web3"]}
    # Also those go that are not listed any more.
    assert [words for words in box.names() if words != "web3"] == ["web2"]
    again = attach(WEB2, web3, missing_namespace="warn")
    assert (again.operations, again.shortfalls) == ((), ())
    assert again.warnings == (f"workload web3 is left out: {why}",)


def test_without_any_other_the_node_is_ready_for_it(box: Box) -> None:
    attach(workload("web3", "10.244.1.3", netns="/run/containers/web3"))
    assert box.setting("ipv4/ip_forward") == "1"


@pytest.mark.parametrize("netns", ["web3", "a process"])
def test_what_is_left_of_it_stays(netns: str, box: Box) -> None:
    """Its declaration names another process; the one to which it is attached lives on."""
    box.turn_ipv6_off()
    with box.process_in_new_namespace() as pid:
        before = workload("web3", "10.244.1.3", netns=str(pid) if netns == "a process" else netns)
        box.workloads(WEB1, before)
        box.settle()
        was = box.state()
        attach(WEB1, workload("web3", "10.244.1.3", netns="/run/containers/web3"), missing_namespace="warn")
        assert box.state() ^ was == set()
        assert HOST3 in box.devices()
        # It goes when nobody asks for it any more.
        attach(WEB1)
        assert HOST3 not in box.devices()


def test_the_proof_names_it_once_or_leaves_it_out(box: Box) -> None:
    listed = [dict(WEB1), dict(workload("web3", "10.244.1.3", netns="/run/containers/web3"))]
    attach(*listed, missing_namespace="warn")
    why = "workload web3 is left out: its netns /run/containers/web3 does not exist"

    def prove(choice: str) -> t.Tuple[t.List[str], t.List[str]]:
        options = {"node": "node1", "workloads": listed, "missing_namespace": choice, "socket": "/run/none"}
        given = ArgumentSpecValidator(conformance.ARGUMENT_SPEC).validate(options)
        assert not given.error_messages
        found = check_conformance(given.validated_parameters, may_wait=False)
        assert found["missing_workloads"] == ["web3"]
        said = [one["text"] for one in found["differences"] if one["kind"] == "workload"]
        return said, list(found.get("warnings", ()))

    assert prove("fail") == ([why], [])
    assert prove("warn") == ([], [why])


def test_before_linux_5_14_a_namespace_is_known_by_its_inode_and_when_its_process_started(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(namespaces, "_SO_NETNS_COOKIE", 1 << 10)
    with box.process_in_new_namespace() as pid:
        path = f"/proc/{pid}/ns/net"
        identity = namespaces.identity_of(path)
        started = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").split()[21]
        assert identity == f"inode {os.stat(path).st_ino} of a process started at {started}"
    assert namespaces.identity_of(path) == ""
