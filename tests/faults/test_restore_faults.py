# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each step of putting program, state and unit in place fails or is killed: all or nothing, and a rerun converges."""

from __future__ import annotations

import errno
import hashlib
import itertools
import os
import signal
import sys
import typing as t
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from node_program import state_of

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.errors import (
    FabricError,
    ForeignObject,
    InvalidInput,
    MissingDependency,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.host import systemd
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.restore import deployment, unit
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.restore.deployment import (
    PROGRAM_MARK,
    RestoreOptions,
    propose,
)
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.restore.state import State, TunnelEnd, decode

WEB1 = {"name": "web1", "address": "10.244.1.1"}
WEB2 = {"name": "web2", "address": "10.244.1.2"}
TRUSTED = {**WEB1, "source_spoofing": "any"}
TUNNEL = TunnelEnd("10.244.1.63", 1480, ("192.168.50.10",))
OF_FORMAT_1 = Path(__file__).resolve().parents[1] / "golden/restore/format1.json"
LIBRARY = "module_utils/purel3/restore/"
# The file of ours that says something of a unit.
FILES = {unit.NAME: unit.NAME, unit.FIREWALL: unit.DROP_IN}


@dataclass
class Systemd:
    """As much of systemd as the unit needs; what it knows is on disk, so that it outlives whoever is killed."""

    folder: Path
    refused: str = ""
    told: t.List[str] = field(default_factory=list)

    def properties(self, name: str, *dummy: str) -> t.Dict[str, str]:
        text = self.text_of(name)
        read = self.folder / f"read-{name}"
        is_read = (read.read_text() if read.exists() else "") == text
        state = "enabled" if (self.folder / "wanted").exists() else "disabled" if text else ""
        active = "active" if (self.folder / "active").exists() else "inactive"
        return {"UnitFileState": state, "NeedDaemonReload": "no" if is_read else "yes", "ActiveState": active}

    def command(self, verb: str, *dummy: str) -> None:
        self.told.append(verb)
        if verb == self.refused:
            raise FabricError(f"systemctl {verb} failed: no")
        if verb in ("enable", "start"):
            (self.folder / {"enable": "wanted", "start": "active"}[verb]).touch()
        elif verb in ("disable", "stop"):
            (self.folder / {"disable": "wanted", "stop": "active"}[verb]).unlink(missing_ok=True)
        for name in FILES:
            (self.folder / f"read-{name}").write_text(self.text_of(name))

    def text_of(self, name: str) -> str:
        path = self.folder / FILES[name]
        return path.read_text() if path.exists() else ""


@dataclass
class Node:
    """A node's disk."""

    root: Path
    systemd: Systemd

    def program(self, version: str, ending: str = "") -> Path:
        """A program as it is sent: a script that says its version."""
        path = self.root / f"sent{version}"
        path.write_bytes(b"#!/bin/sh\n" + PROGRAM_MARK + f"echo purel3 {version}\n{ending}".encode())
        return path

    def request(self, *workloads: t.Mapping[str, str], version: str = "1", **options: t.Any) -> RestoreOptions:
        sent = self.program(version)
        digest = hashlib.sha256(sent.read_bytes()).hexdigest()
        paths = (str(self.root / "sbin/purel3"), str(self.root / "lib/purel3/node.json"))
        return RestoreOptions(state_of(*workloads), *paths, digest, str(sent), **options)

    def gone(self, request: RestoreOptions) -> RestoreOptions:
        return replace(request, state=None, transferred=None, digest="")

    def files(self) -> t.Dict[str, t.Tuple[bytes, int]]:
        return {
            str(path.relative_to(self.root)): (path.read_bytes(), path.stat().st_mode & 0o777)
            for path in sorted(self.root.rglob("*"))
            if path.is_file() and not path.name.startswith(("sent", "read"))
        }


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Node:
    folder = tmp_path / "systemd"
    folder.mkdir()
    fake = Systemd(folder)
    for name, value in {
        "UNITS": str(folder),
        "is_run_by_systemd": lambda: True,
        "properties": fake.properties,
        "command": fake.command,
    }.items():
        monkeypatch.setattr(systemd, name, value)
    return Node(tmp_path, fake)


def test_it_comes_stays_and_goes(node: Node) -> None:
    request = node.request(TRUSTED)
    first = propose(request)
    paths = (request.program_path, request.state_path, str(node.systemd.folder / unit.NAME))
    assert first.operations == (
        *(f"+ file {path}" for path in paths),
        f"+ start of {unit.NAME} at boot",
        f"+ service {unit.NAME}",
    )
    assert "saved workload web1  10.244.1.1/32  cali977588a87e1 -> eth0  source_spoofing any\n" in first.after
    first.apply()
    modes = {path.name: path.stat().st_mode & 0o777 for path in map(Path, paths)}
    assert modes == {"purel3": 0o755, "node.json": 0o644, unit.NAME: 0o644}
    assert decode(Path(request.state_path).read_text(), "") == request.state
    assert node.systemd.told == ["daemon-reload", "enable", "start"]
    again = propose(replace(request, transferred=None))
    assert (again.operations, again.before, again.after) == ((), "", "")
    last = propose(node.gone(request))
    assert last.operations == (
        f"- file {request.program_path}",
        f"- file {request.state_path}",
        f"- service {unit.NAME}",
        f"- start of {unit.NAME} at boot",
        f"- file {node.systemd.folder / unit.NAME}",
    )
    last.apply()
    assert node.files() == {}
    assert not Path(request.state_path).parent.exists()
    assert propose(node.gone(request)).operations == ()


def test_only_what_differs_is_written_and_the_diff_names_it(node: Node) -> None:
    propose(node.request(WEB1)).apply()
    request = node.request(WEB1, WEB2)
    change = propose(request)
    assert change.operations == (f"~ file {request.state_path}",)
    assert change.before == f"file {request.state_path}\n"
    assert change.after == (f"file {request.state_path}\nsaved workload web2  10.244.1.2/32  cali867e9cd9ead -> eth0\n")


def test_a_state_of_the_release_before_is_written_anew_once(node: Node) -> None:
    identities = (("/proc/4711/ns/net", "cookie 8193"),)
    request = replace(node.request(), state=replace(decode(OF_FORMAT_1.read_text(), ""), identities=identities))
    propose(request).apply()
    Path(request.state_path).write_bytes(OF_FORMAT_1.read_bytes())
    change = propose(request)
    # The network that it tells of is the same; which namespace a process has was not told before.
    assert change.operations == (f"~ file {request.state_path}",)
    assert change.before == f"file {request.state_path}\n"
    assert change.after == f"{change.before}saved /proc/4711/ns/net  cookie 8193\n"
    change.apply()
    assert propose(request).operations == ()
    assert Path(request.state_path).read_bytes() == OF_FORMAT_1.with_name("format3.json").read_bytes()


def test_the_program_is_asked_for_only_where_it_differs(node: Node) -> None:
    look = replace(node.request(WEB1), transferred=None, is_look=True)
    asked = propose(look)
    assert (asked.operations, asked.values) == ((), {"wants_program": True})
    propose(node.request(WEB1)).apply()
    assert propose(look).values == {"wants_program": False}
    assert propose(replace(look, digest="another")).values == {"wants_program": True}


def test_without_systemd_or_when_switched_off_there_is_no_unit(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    propose(node.request(WEB1)).apply()
    propose(node.request(WEB1, is_enabled=False)).apply()
    assert not (node.systemd.folder / unit.NAME).exists()
    assert not {"wanted", "active"} & {path.name for path in node.systemd.folder.iterdir()}
    monkeypatch.setattr(systemd, "is_run_by_systemd", lambda: False)
    node.systemd.told.clear()
    propose(node.request(WEB1, WEB2)).apply()
    assert node.systemd.told == []


def test_a_unit_that_systemd_has_not_read_is_made_known(node: Node) -> None:
    propose(node.request(TRUSTED)).apply()
    (node.systemd.folder / f"read-{unit.NAME}").write_text("something older")
    (node.systemd.folder / f"read-{unit.FIREWALL}").write_text("something of theirs")
    change = propose(node.request(TRUSTED))
    assert change.operations == (f"~ systemd's knowledge of {unit.NAME}",)
    change.apply()
    assert propose(node.request(TRUSTED)).operations == ()


GUARDED: t.Dict[str, t.Callable[[State], State]] = {
    "a tunnel": lambda state: replace(state, tunnel=TUNNEL),
    "what policies allow": lambda state: replace(state, policy={"default": "allow"}),
    "a workload that may not send what it likes": lambda state: replace(
        state, workloads=tuple(one._replace(source_spoofing="disabled") for one in state.workloads)
    ),
}


@pytest.mark.parametrize("case", GUARDED)
def test_as_long_as_something_is_guarded_the_firewall_has_the_guard_brought_back(case: str, node: Node) -> None:
    plain, path = node.request(TRUSTED), node.systemd.folder / unit.DROP_IN
    assert plain.state
    guarded = replace(plain, state=GUARDED[case](plain.state))
    propose(plain).apply()
    first = propose(guarded)
    assert first.operations == (f"~ file {plain.state_path}", f"+ file {path}")
    first.apply()
    assert path.read_text() == unit.drop_in_text()
    assert propose(guarded).operations == ()
    (node.systemd.folder / f"read-{unit.FIREWALL}").write_text("something older")
    late = propose(guarded)
    assert late.operations == (f"~ systemd's knowledge of {unit.FIREWALL}",)
    late.apply()
    theirs = path.parent / "theirs.conf"
    theirs.write_text("[Unit]\n")
    propose(plain).apply()
    assert list(path.parent.iterdir()) == [theirs]
    propose(guarded).apply()
    theirs.unlink()
    propose(node.gone(plain)).apply()
    assert not path.parent.exists()


def test_a_mode_is_put_right_alone(node: Node) -> None:
    request = node.request(WEB1)
    propose(request).apply()
    Path(request.program_path).chmod(0o600)
    change = propose(request)
    assert change.operations == (f"~ mode of {request.program_path}",)
    change.apply()
    assert propose(request).operations == ()


def test_an_owner_is_put_right_alone(node: Node) -> None:
    request = node.request(WEB1)
    propose(request).apply()
    os.chown(request.state_path, 65534, -1)
    change = propose(request)
    assert change.operations == (f"~ owner of {request.state_path}",)
    change.apply()
    assert Path(request.state_path).stat().st_uid == os.geteuid()
    assert propose(request).operations == ()


FOREIGN: t.Dict[str, t.Tuple[str, t.Callable[[Path], t.Any], str]] = {
    "a program": ("sbin/purel3", lambda path: path.write_text("#!/bin/sh\n"), "it is not ours"),
    "a state": ("lib/purel3/node.json", lambda path: path.write_text('{"mine": 1}'), "it is not ours"),
    "a unit": (f"systemd/{unit.NAME}", lambda path: path.write_text("[Unit]\n"), "it is not ours"),
    "a masked unit": (
        f"systemd/{unit.NAME}",
        lambda path: path.symlink_to("/dev/null"),
        "is a link to /dev/null and so not ours",
    ),
    "a drop-in": (f"systemd/{unit.DROP_IN}", lambda path: path.write_text("[Unit]\n"), "it is not ours"),
    "a folder": ("lib/purel3/node.json", lambda path: path.mkdir(), "is a folder and so not ours"),
    "a pipe": ("lib/purel3/node.json", os.mkfifo, "is a device, pipe or socket and so not ours"),
}


@pytest.mark.parametrize("name", FOREIGN)
@pytest.mark.parametrize("is_present", [True, False])
def test_what_is_not_ours_is_an_error_and_stays(name: str, is_present: bool, node: Node) -> None:
    place, make, fault = FOREIGN[name]
    path = node.root / place
    path.parent.mkdir(parents=True, exist_ok=True)
    make(path)
    before = node.files()
    request = node.request(WEB1)
    with pytest.raises(ForeignObject, match=fault) as caught:
        propose(request if is_present else node.gone(request))
    assert str(path) in str(caught.value)
    assert node.files() == before
    assert os.path.lexists(path)


def test_a_damaged_state_of_ours_is_written_anew(node: Node) -> None:
    request = node.request(WEB1)
    propose(request).apply()
    whole = node.files()
    for damaged in (b"", Path(request.state_path).read_bytes()[:100]):
        Path(request.state_path).write_bytes(damaged)
        propose(request).apply()
        assert node.files() == whole


BAD: t.Dict[str, t.Tuple[t.Dict[str, str], str]] = {
    "a relative path": ({"state_path": "node.json"}, "state_path 'node.json' is not an absolute path"),
    "a path with a blank": ({"program_path": "/usr/my bin/purel3"}, "is not an absolute path without blanks"),
    "a path that systemd would expand": ({"program_path": "/usr/%h/purel3"}, "is not an absolute path without blanks"),
    "one path for both": ({"program_path": "/a/b", "state_path": "/a/b"}, "program_path and state_path are both /a/b"),
}


@pytest.mark.parametrize("name", BAD)
def test_paths_that_cannot_be_are_refused(name: str, node: Node) -> None:
    options, fault = BAD[name]
    with pytest.raises(InvalidInput, match=fault):
        propose(replace(node.request(WEB1), **options))


def test_a_program_that_cannot_run_here_replaces_nothing(node: Node) -> None:
    propose(node.request(WEB1)).apply()
    before = node.files()
    for content, fault in (
        (b"#!/no/such/python -I\n" + PROGRAM_MARK, "/no/such/python: No such file or directory"),
        (
            b"#!/bin/sh\n" + PROGRAM_MARK + b"echo too old >&2; exit 1\n",
            "/bin/sh cannot run the command purel3: too old",
        ),
    ):
        sent = node.root / "sent"
        sent.write_bytes(content)
        digest = hashlib.sha256(content).hexdigest()
        with pytest.raises(FabricError, match=fault) as caught:
            propose(replace(node.request(WEB2), transferred=str(sent), digest=digest)).apply()
        assert isinstance(caught.value.__cause__, MissingDependency)
        assert "nothing remains changed" in str(caught.value)
        assert node.files() == before


def test_a_program_that_does_not_end_is_an_error_before_it_replaces_anything(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = node.root / "sent"
    sent.write_bytes(b"#!/bin/sh\n" + PROGRAM_MARK + b"exec sleep 1000\n")
    digest = hashlib.sha256(sent.read_bytes()).hexdigest()
    proposal = propose(replace(node.request(WEB1), transferred=str(sent), digest=digest))
    monkeypatch.setattr(deployment, "_TIMEOUT", 0.01)
    with pytest.raises(
        FabricError, match=r"^/bin/sh did not run the command purel3 within 0.01 s; .* remains changed$"
    ):
        proposal.apply()
    assert node.files() == {}


def test_a_program_that_was_cut_off_on_the_way_is_refused(node: Node) -> None:
    request = node.request(WEB1)
    assert request.transferred
    Path(request.transferred).write_bytes(b"#!/bin/sh\n")
    with pytest.raises(FabricError, match="is not the program that was sent; run it again"):
        propose(request)
    with pytest.raises(FabricError, match="cannot read the program"):
        propose(replace(request, transferred="/nowhere"))


@pytest.mark.parametrize("step", ["open", "fchmod", "fsync", "rename", "makedirs", "daemon-reload", "enable", "start"])
def test_a_failed_step_leaves_what_was_and_the_next_run_converges(
    step: str, node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = node.request(WEB1)
    proposal = propose(request)

    def fail(*arguments: t.Any, **options: t.Any) -> t.NoReturn:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as broken:
        if hasattr(os, step):
            broken.setattr(os, step, fail)
        else:
            node.systemd.refused = step
        with pytest.raises(FabricError, match=r"No space left on device|systemctl .* failed: no"):
            proposal.apply()
    node.systemd.refused = ""
    assert node.files() == {}
    propose(request).apply()
    assert propose(request).operations == ()


def test_a_service_that_failed_at_boot_is_started_when_its_state_is_whole_again(node: Node) -> None:
    request = node.request(WEB1)
    propose(request).apply()
    node.systemd.command("stop")
    Path(request.state_path).write_bytes(b"")
    change = propose(request)
    assert change.operations == (f"~ file {request.state_path}", f"+ service {unit.NAME}")
    change.apply()
    assert propose(request).operations == ()


def test_a_failed_disabling_leaves_everything_in_place(node: Node) -> None:
    request = node.request(WEB1)
    propose(request).apply()
    before = node.files()
    node.systemd.refused = "disable"
    with pytest.raises(FabricError, match="systemctl disable failed: no; nothing remains changed"):
        propose(node.gone(request)).apply()
    assert node.files() == before


def killed_at(line: int, proposal_of: t.Callable[[], t.Any]) -> bool:
    """Carry out a change in a process that is killed before the given line of the library; False if it ended before."""
    child = os.fork()
    if child == 0:
        numbers = itertools.count()

        def trace(frame: t.Any, event: str, _argument: t.Any) -> t.Any:
            if LIBRARY not in frame.f_code.co_filename:
                return None
            if event == "line" and next(numbers) == line:
                os.kill(os.getpid(), signal.SIGKILL)
            return trace

        proposal = proposal_of()
        sys.settrace(trace)
        proposal.apply()
        os._exit(0)
    _pid, status = os.waitpid(child, 0)
    assert status == 0 or os.WTERMSIG(status) == signal.SIGKILL, status
    return status != 0


@pytest.mark.parametrize("change", ["comes", "changes", "goes"])
def test_killed_before_each_line_in_turn_the_same_command_converges(change: str, node: Node) -> None:
    old, new = node.request(TRUSTED), node.request(WEB1, WEB2, version="2")
    nothing = node.gone(old)
    before, after = {"comes": (nothing, old), "changes": (old, new), "goes": (new, nothing)}[change]
    propose(before).apply()
    was = node.files()
    propose(after).apply()
    wanted = node.files()
    for line in itertools.count():
        propose(before).apply()
        if not killed_at(line, lambda: propose(after)):
            break
        state = Path(old.state_path)
        if state.exists():
            # Whatever happened: a boot now finds the old or the new state, never half of one.
            assert decode(state.read_text(), "") in (before.state, after.state)
        propose(after).apply()
        assert node.files() == wanted, line
        assert propose(after).operations == (), line
    assert line > 40
    propose(before).apply()
    assert node.files() == was
