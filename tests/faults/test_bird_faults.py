# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each step of replacing bird.conf fails in turn: the old file stays, nothing is left over, the next run converges."""

from __future__ import annotations

import errno
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import typing as t
from dataclasses import asdict
from pathlib import Path

import pytest

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.errors import KernelError, MissingDependency
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.files import UNFINISHED
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.change.propose import propose
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.change.read import ConfigOptions
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.change.seal import seal
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.service import propose as service
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.talk import daemon

OLD = "protocol device { scan time 20; }\n"
NEW = "protocol device { scan time 30; }\n"
STEPS = ("open", "fchown", "fchmod", "fsync", "rename")


@pytest.fixture
def request_for(tmp_path: Path) -> t.Callable[[str], ConfigOptions]:
    def make(content: str) -> ConfigOptions:
        return ConfigOptions(content, path=str(tmp_path / "bird.conf"), socket=str(tmp_path / "nobody.ctl"))

    return make


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("before", ["nothing", "a file of ours", "a file of the package"])
def test_a_failed_step_leaves_what_was_and_the_next_run_converges(
    step: str,
    before: str,
    tmp_path: Path,
    request_for: t.Callable[[str], ConfigOptions],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = tmp_path / "bird.conf"
    if before == "a file of ours":
        propose(request_for(OLD)).apply()
    elif before == "a file of the package":
        file.write_text(OLD)
    held = file.read_text() if file.exists() else None
    proposal = propose(request_for(NEW))

    def fail(*arguments: t.Any, **options: t.Any) -> t.NoReturn:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as broken:
        broken.setattr(os, step, fail)
        with pytest.raises(
            KernelError, match="No space left on device; the old files and BIRD's sessions are unchanged"
        ):
            proposal.apply()
    assert (file.read_text() if file.exists() else None) == held
    assert [path.name for path in tmp_path.iterdir() if path.name.endswith(UNFINISHED)] == []

    again = propose(request_for(NEW))
    assert again.operations
    again.apply()
    assert file.read_text() == seal(NEW)
    assert (tmp_path / "bird.conf.orig").exists() is (before == "a file of the package")
    assert propose(request_for(NEW)).operations == ()


def test_a_leftover_of_a_killed_run_is_no_hindrance(
    tmp_path: Path, request_for: t.Callable[[str], ConfigOptions]
) -> None:
    (tmp_path / f"bird.conf{UNFINISHED}").write_text("half a li")
    propose(request_for(NEW)).apply()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bird.conf"]


def test_owner_and_mode_are_put_right_alone(tmp_path: Path, request_for: t.Callable[[str], ConfigOptions]) -> None:
    propose(request_for(NEW)).apply()
    (tmp_path / "bird.conf").chmod(0o666)
    proposal = propose(request_for(NEW))
    assert proposal.operations == (f"~ owner and mode of {tmp_path}/bird.conf",)
    proposal.apply()
    assert (tmp_path / "bird.conf").stat().st_mode & 0o777 == 0o640


def test_bird_one_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "bird"
    program.write_text("#!/bin/sh\necho BIRD version 1.6.8 >&2\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(MissingDependency, match=r"BIRD 1\.6\.8 is too old; install BIRD 2\.0\.12 or newer"):
        daemon.find_program()


# Ends the process at the n-th of its steps that change something on disk or in BIRD.
DYING = """
import itertools, os, sys
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.change import propose, read
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.talk import control

numbers = itertools.count()

def counted(real):
    def step(*arguments, **options):
        if next(numbers) == int(sys.argv[1]):
            os.kill(os.getpid(), 9)
        return real(*arguments, **options)
    return step

for name in ("mkdir", "symlink", "rename", "unlink", "fchmod"):
    setattr(os, name, counted(getattr(os, name)))
ask = control.Control.ask

def asked(self, command):
    if command.startswith("configure") and command not in ("configure check", "configure status"):
        if next(numbers) == int(sys.argv[1]):
            os.kill(os.getpid(), 9)
        lines = ask(self, command)
        if next(numbers) == int(sys.argv[1]):
            os.kill(os.getpid(), 9)
        return lines
    return ask(self, command)

control.Control.ask = asked
content, passwords = sys.stdin.read().split("\\0")
propose.propose(
    read.ConfigOptions(content, passwords=passwords, path=sys.argv[2], socket=sys.argv[3])
).apply()
"""
SEALED = 'define peer_10_0_0_9_password = "{}";\n'
ENVIRONMENT = {"PYTHONPATH": str(Path(__file__).resolve().parents[2] / "collections")}


def die(step: int, content: str, passwords: str, path: Path, socket: Path) -> bool:
    """Run a change that dies at a step; False when it has ended before."""
    done = subprocess.run(
        [sys.executable, "-c", DYING, str(step), str(path), str(socket)],
        input=f"{content}\0{passwords}",
        env={**os.environ, **ENVIRONMENT},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode != 0


@pytest.mark.parametrize(
    "passwords", [(SEALED.format("old"), SEALED.format("new")), (SEALED.format("old"), ""), ("", "")]
)
def test_whenever_a_run_is_killed_bird_can_start_and_the_next_run_converges(
    tmp_path: Path, passwords: t.Tuple[str, str]
) -> None:
    include = 'include "fabric_passwords.conf";\n'
    contents = [(include if secret else "") + text for secret, text in zip(passwords, (OLD, NEW))]
    path, socket = tmp_path / "bird.conf", tmp_path / "nobody.ctl"
    for step in itertools.count():
        first, second = (
            ConfigOptions(content, path=str(path), socket=str(socket), passwords=secret)
            for content, secret in zip(contents, passwords)
        )
        propose(first).apply()
        was_killed = die(step, contents[1], passwords[1], path, socket)
        daemon.check_text(daemon.require_program(), path.read_text(), str(path))
        if not was_killed:
            break
        propose(second).apply()
        assert path.read_text() == seal(contents[1])
        assert propose(second).operations == ()
        assert sorted(one.name for one in tmp_path.iterdir()) == sorted(
            ["bird.conf", *(["fabric_passwords.conf"] if passwords[1] else [])]
        )
    assert step > 3


def test_whenever_a_run_is_killed_a_running_bird_ends_up_with_what_its_file_says(tmp_path: Path) -> None:
    # BIRD and its files belong to whoever runs this; nothing of it touches the machine's network.
    config, socket = tmp_path / "bird.conf", tmp_path / "bird.ctl"
    texts = [f"router id 192.0.2.1;\n{text}" for text in (OLD, NEW)]
    account = {"owner": "root", "group": "root"}
    requests = [ConfigOptions(text, path=str(config), socket=str(socket), **account) for text in texts]
    propose(requests[0]).apply()
    with subprocess.Popen(["unshare", "-n", "bird", "-f", "-c", config, "-s", socket], stderr=subprocess.PIPE) as bird:
        try:
            wait_until(socket.exists)
            for step in itertools.count():
                propose_inside(bird.pid, requests[0])
                if not die_inside(bird.pid, step, texts[1], config, socket):
                    break
                propose_inside(bird.pid, requests[1])
                assert propose_inside(bird.pid, requests[1]) == []
                assert sorted(one.name for one in tmp_path.iterdir()) == ["bird.conf", "bird.ctl"]
            assert step > 5
        finally:
            bird.kill()


def inside(pid: int, *words: t.Any) -> t.List[str]:
    return ["nsenter", "-t", str(pid), "-n", "--", *map(str, words)]


def die_inside(pid: int, step: int, content: str, path: Path, socket: Path) -> bool:
    done = subprocess.run(
        inside(
            pid, sys.executable, "-c", DYING.replace("path=", "owner='root', group='root', path="), step, path, socket
        ),
        input=f"{content}\0",
        env={**os.environ, **ENVIRONMENT},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode != 0


PROPOSING = """
import json, sys
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.bird.change import propose, read
request = read.ConfigOptions(**json.load(sys.stdin))
proposal = propose.propose(request)
proposal.apply() if proposal.operations else None
print(json.dumps(proposal.operations))
"""


def propose_inside(pid: int, request: ConfigOptions) -> t.List[str]:
    """Run a change where the BIRD of the test is; return its operations."""
    done = subprocess.run(
        inside(pid, sys.executable, "-c", PROPOSING),
        input=json.dumps(asdict(request)),
        env={**os.environ, **ENVIRONMENT},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    operations: t.List[str] = json.loads(done.stdout)
    return operations


def wait_until(is_so: t.Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_bird_that_hangs_up_while_it_ends_is_waited_for(tmp_path: Path) -> None:
    path = str(tmp_path / "bird.ctl")
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(path)
    listener.listen()
    hung_up = []

    def end_slowly() -> None:
        for turn in range(4):
            connection = listener.accept()[0]
            with connection:
                if turn < 2:
                    connection.sendall(b"0001 BIRD 2.0.12 ready.\n")
                    if connection.recv(100):
                        connection.sendall(b"0007 Shutdown requested\n")
                else:
                    hung_up.append(turn)
        os.unlink(path)
        listener.close()

    ending = threading.Thread(target=end_slowly, daemon=True)
    ending.start()
    service.propose(service.ServiceOptions(is_started=False, socket=path, pid_file=str(tmp_path / "bird.pid"))).apply()
    ending.join(timeout=120)
    assert hung_up == [2, 3]
    assert not os.path.exists(path)
