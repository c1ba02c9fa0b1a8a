# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""FRR in a lab's node: which of its daemons run, with which configuration, and what brings them to another."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import pwd
import re
import signal
import subprocess
import typing as t
from dataclasses import dataclass

from ...base.errors import ForeignObject, KernelError, MissingDependency
from ...base.proposal import Proposal
from ...base.waiting import until
from .config import HIDDEN, render_router, without_passwords
from .router import BGP_PORT, Router, router_from_params

_ETC = "/etc/frr"
_RUN = "/run/frr"
_CONFIG = f"{_ETC}/frr.conf"
_CANDIDATE = f"{_ETC}/frr.conf.candidate"
# What the running daemons were last given; a reload that was cut off leaves the one before.
_LOADED = f"{_RUN}/purel3-loaded.json"
_ACCOUNT = "frr"
_FOLDERS = ("/usr/lib/frr", "/usr/libexec/frr")
# zebra first: the others speak to the kernel through it.
_DAEMONS = ("zebra", "bgpd", "staticd", "bfdd")
_REMEDY = (
    "install it without starting it: tools/install_packages.sh frr frr-pythontools, in a checkout of this collection"
)
_PASSWORD = re.compile(r"(password )\S+")
_PATIENCE = 120.0
_TIMEOUT = 300


@dataclass(frozen=True)
class _State:
    config: t.Optional[str]
    pids: t.Mapping[str, int]
    loaded: t.Mapping[str, t.Any]


def propose_router(params: t.Mapping[str, t.Any]) -> Proposal:
    """Plan that FRR runs in this node of a lab, as a router with this configuration.

    Raises FabricError where the input is wrong, FRR is not installed, or this is no node of a lab.
    """
    router = router_from_params(params)
    folder = next((folder for folder in _FOLDERS if os.path.exists(f"{folder}/zebra")), None)
    if folder is None:
        raise MissingDependency(f"router {router.name}: FRR is not installed on this machine; {_REMEDY}")
    if not os.path.exists(f"{folder}/frr-reload.py"):
        raise MissingDependency(f"router {router.name}: FRR's reload program is not on this machine; {_REMEDY}")
    if not os.path.ismount(_ETC):
        raise ForeignObject(
            f"router {router.name}: {_ETC} is the machine's own here, not a lab node's; use the connection "
            "purel3.fabric.lab, and if the lab was started before FRR was installed, end it and start it again"
        )
    host = os.uname().nodename
    if host != router.name:
        raise ForeignObject(
            f"router {router.name}: this is the node {host}; run the task on the router, and where it is delegated, "
            f"have lab_node: {router.name} among the router's variables"
        )
    text = render_router(router)
    state = _read()
    operations = [f"+ daemon {name}" for name in _DAEMONS if not _runs(name, folder, router, state)]
    if state.config != text:
        operations.append(f"{'+' if state.config is None else '~'} file {_CONFIG}")
    if not _is_loaded(text, state) and len(operations) == 0:
        operations.append("~ reload FRR")
    return Proposal(
        operations=tuple(sorted(operations)),
        before=without_passwords(state.config or ""),
        after=without_passwords(text),
        apply=lambda: _apply(folder, router, text),
    )


def _command(name: str, folder: str, router: Router) -> t.List[str]:
    port = ["-p", str(router.port)] if name == "bgpd" and router.port != BGP_PORT else []
    return [f"{folder}/{name}", "-d", "-A", "127.0.0.1", *port]


def _read() -> _State:
    loaded: t.Mapping[str, t.Any] = {}
    with contextlib.suppress(OSError, ValueError), open(_LOADED, encoding="utf-8") as file:
        loaded = json.load(file)
    config = None
    with contextlib.suppress(FileNotFoundError), open(_CONFIG, encoding="utf-8") as file:
        config = file.read()
    pids = {name: pid for name in _DAEMONS for pid in [_pid(name)] if pid is not None}
    return _State(config, pids, loaded)


def _pid(name: str) -> t.Optional[int]:
    try:
        with open(f"{_RUN}/{name}.pid", encoding="ascii") as file:
            pid = int(file.read())
    except (OSError, ValueError):
        return None
    return pid if os.path.basename((_words(pid) or [""])[0]) == name else None


def _words(pid: int) -> t.List[str]:
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return os.fsdecode(file.read()).split("\0")[:-1]
    except OSError:
        return []


def _runs(name: str, folder: str, router: Router, state: _State) -> bool:
    return name in state.pids and _words(state.pids[name]) == _command(name, folder, router)


def _is_loaded(text: str, state: _State) -> bool:
    return dict(state.loaded) == _mark(text, state.pids)


def _mark(text: str, pids: t.Mapping[str, int]) -> t.Dict[str, t.Any]:
    return {"digest": hashlib.sha256(text.encode()).hexdigest(), "pids": dict(pids)}


def _apply(folder: str, router: Router, text: str) -> None:
    account = pwd.getpwnam(_ACCOUNT)
    for directory in (_ETC, _RUN):
        os.makedirs(directory, mode=0o755, exist_ok=True)
        os.chown(directory, account.pw_uid, account.pw_gid)
    _write(f"{_ETC}/vtysh.conf", "service integrated-vtysh-config\n", account)
    _write(_CANDIDATE, text, account)
    _run("vtysh", "--dryrun", "--inputfile", _CANDIDATE)
    state = _read()
    is_new = not state.pids
    for name in _DAEMONS:
        if not _runs(name, folder, router, state):
            if name in state.pids:
                _end(name, state.pids[name])
            _run(*_command(name, folder, router))
    _wait_for_daemons()
    # Renamed before it is loaded: whatever happens in between, the mark tells the next run to load it.
    os.rename(_CANDIDATE, _CONFIG)
    if is_new:
        _run("vtysh", "-b")
    else:
        _run(f"{folder}/frr-reload.py", "--reload", "--stdout", _CONFIG)
    _write(_LOADED, json.dumps(_mark(text, _read().pids)), account)


def _wait_for_daemons() -> None:
    def missing() -> t.List[str]:
        return [name for name in _DAEMONS if _pid(name) is None or not os.path.exists(f"{_RUN}/{name}.vty")]

    if not until(lambda: not missing(), _PATIENCE):
        raise KernelError(f"FRR: {', '.join(missing())} did not start within {_PATIENCE:g} s; look at /run/frr/frr.log")


def _end(name: str, pid: int) -> None:
    os.kill(pid, signal.SIGTERM)
    if not until(lambda: _pid(name) != pid, _PATIENCE):
        raise KernelError(f"FRR: {name} (process {pid}) is still there {_PATIENCE:g} s after SIGTERM; end it yourself")


def _run(*words: str) -> None:
    done = subprocess.run(
        words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        timeout=_TIMEOUT,
        check=False,
        cwd="/",
    )
    if done.returncode != 0:
        said = _PASSWORD.sub(rf"\1{HIDDEN}", done.stdout).strip()
        raise KernelError(f"FRR: {os.path.basename(words[0])} ended with {done.returncode}: {said}; run it again")


def _write(path: str, text: str, account: pwd.struct_passwd) -> None:
    new = f"{path}.new"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(new)
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
    with open(handle, "w", encoding="utf-8") as file:
        file.write(text)
        os.fchown(handle, account.pw_uid, account.pw_gid)
    os.rename(new, path)
