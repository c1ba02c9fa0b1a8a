# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The processes that hold the namespaces of a lab: found, started, ended."""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import socket
import time
import typing as t
from dataclasses import dataclass

from ...base.errors import KernelError, MissingDependency
from ...kernel import syscalls
from .layout import read_process_name, read_words

# Where the programs of a node write: BIRD, FRR, ip netns, sysctl. Those that this machine lacks are left out.
_PRIVATE_DIRECTORIES = {
    **dict.fromkeys(("/run", "/etc/bird", "/etc/frr", "/etc/sysctl.d", "/var/lib/frr", "/var/log/frr"), "755"),
    "/var/tmp": "1777",
}
_FOREVER = "infinity"
_TMPFS_OPTIONS = "size=16m,mode="
_END_SECONDS = 60.0


@dataclass(frozen=True)
class Holder:
    """A process to start.

    process_name: its argv[0].
    host_name: its host name, for a node; None starts it with a network and a pid namespace only, for a switch.
    program: what to run in place of a process that only holds its namespaces; it has a pid namespace only.
    descriptors: open files that this program inherits.
    output: the file that takes what it says; made anew.
    """

    process_name: str
    host_name: t.Optional[str] = None
    program: t.Tuple[str, ...] = ()
    descriptors: t.Tuple[int, ...] = ()
    output: str = os.devnull


def running(prefix: str) -> t.Dict[str, t.Tuple[int, ...]]:
    """Find the lab processes of this machine by the beginning of their argv[0], whatever their pid files say.

    Returns the pids by argv[0]; only root's own, each the first process of a pid namespace just below this one.
    """
    found: t.Dict[str, t.List[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            name = read_process_name(int(entry))
            if name.startswith(prefix) and _holds_namespaces(int(entry)):
                found.setdefault(name, []).append(int(entry))
    return {name: tuple(sorted(pids)) for name, pids in found.items()}


@contextlib.contextmanager
def network_namespace(pid: int) -> t.Iterator[int]:
    """Open the network namespace of a process; raises KernelError where it is gone."""
    try:
        descriptor = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise KernelError(f"lab: process {pid} is gone: {error.strerror}; run it again") from error
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def runs_program(pid: int) -> bool:
    """Tell whether a process of a lab is there, and was started to run a program, not only to hold its namespaces."""
    words = read_words(pid)
    return len(words) > 1 and words[1:] != [_FOREVER]


def start(holders: t.Sequence[Holder]) -> t.Dict[str, int]:
    """Start processes that hold namespaces of their own; returns their pids by argv[0] when each is in its final state.

    Raises KernelError where one could not be started, and those that could are ended again; MissingDependency.
    """
    sleep = shutil.which("sleep", path="/usr/bin:/bin")
    if sleep is None:
        raise MissingDependency("lab: the program sleep is not in /usr/bin or /bin; install coreutils")
    if any(holder.host_name for holder in holders) and not os.path.isdir("/etc/bird"):
        raise MissingDependency("lab: /etc/bird does not exist; install BIRD 2: apt-get install bird2")
    read_end, write_end = os.pipe()
    mother = os.fork()
    if mother == 0:
        _report_and_exit(write_end, lambda: _start_all(holders, sleep, write_end))
    os.close(write_end)
    # Every child holds the pipe until it runs its final program: its end is the proof that all have.
    with os.fdopen(read_end, encoding="utf-8") as reports:
        messages = [json.loads(line) for line in reports]
    os.waitpid(mother, 0)
    pids = {message["name"]: int(message["pid"]) for message in messages if "pid" in message}
    errors = [str(message["error"]) for message in messages if "error" in message]
    if errors or len(pids) != len(holders):
        end(pids.items())
        raise KernelError(
            f"lab: {errors[0] if errors else 'a process died at its start'}; nothing was started; "
            "namespaces need root on the machine itself, or in a privileged container"
        )
    return pids


def end(holders: t.Iterable[t.Tuple[str, int]]) -> None:
    """End processes, and with each everything inside its pid namespace; return when they are gone.

    holders: argv[0] and pid of each; a pid that no longer bears the name is left alone.

    Raises KernelError where one is still there after a minute.
    """
    with contextlib.ExitStack() as stack:
        waiting: t.Dict[int, str] = {}
        poll = select.poll()
        for name, pid in holders:
            try:
                pidfd = os.pidfd_open(pid)
            except ProcessLookupError:
                continue
            stack.callback(os.close, pidfd)
            if read_process_name(pid) != name:
                continue
            signal.pidfd_send_signal(pidfd, signal.SIGKILL)
            waiting[pidfd] = name
            poll.register(pidfd, select.POLLIN)
        deadline = time.monotonic() + _END_SECONDS
        while waiting:
            ready = poll.poll(max(0.0, deadline - time.monotonic()) * 1000)
            if not ready:
                raise KernelError(
                    f"lab: {', '.join(sorted(waiting.values()))}: still there {_END_SECONDS:.0f} s after SIGKILL"
                )
            for pidfd, _event in ready:
                poll.unregister(pidfd)
                del waiting[pidfd]


def _holds_namespaces(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as file:
            fields = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
    except OSError:
        return False
    return fields.get("NSpid", "").split()[1:] == ["1"] and fields.get("Uid", "").split()[:1] == ["0"]


def _report_and_exit(pipe: int, run: t.Callable[[], None]) -> t.NoReturn:
    try:
        run()
        os._exit(0)
    except BaseException as error:  # a child must never return into its parent's code
        os.write(pipe, json.dumps({"error": str(error)}).encode() + b"\n")
    finally:
        os._exit(1)


def _start_all(holders: t.Sequence[Holder], sleep: str, pipe: int) -> None:
    if not any(holder.program for holder in holders):
        # A template without the host's /run: its mounts, such as named namespaces, must not be pinned by nodes.
        syscalls.unshare(syscalls.CLONE_NEWNS)
        syscalls.mount("none", "/", flags=syscalls.MS_REC | syscalls.MS_PRIVATE)
        for target in reversed(_mount_points_below("/run")):
            syscalls.unmount(target)
    home = os.open("/proc/self/ns/pid", os.O_RDONLY)
    for holder in holders:
        syscalls.unshare(syscalls.CLONE_NEWPID)
        pid = os.fork()
        if pid == 0:
            _report_and_exit(pipe, lambda: _become(holder, sleep))  # noqa: B023 - runs before the next turn
        os.write(pipe, json.dumps({"name": holder.process_name, "pid": pid}).encode() + b"\n")
        # Without the way back, a second pid namespace cannot be made.
        syscalls.setns(home, syscalls.CLONE_NEWPID)


def _mount_points_below(directory: str) -> t.List[str]:
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        points = [line.split(" ", 5)[4] for line in file]
    return [point.replace("\\040", " ") for point in points if point == directory or point.startswith(directory + "/")]


def _become(holder: Holder, sleep: str) -> None:
    flags = 0 if holder.program else syscalls.CLONE_NEWNET
    if holder.host_name:
        flags |= syscalls.CLONE_NEWNS | syscalls.CLONE_NEWUTS
    if flags:
        syscalls.unshare(flags)
    if holder.host_name:
        private = syscalls.MS_NOSUID | syscalls.MS_NODEV
        for directory, mode in _PRIVATE_DIRECTORIES.items():
            if os.path.isdir(directory):
                syscalls.mount("tmpfs", directory, "tmpfs", private, _TMPFS_OPTIONS + mode)
        secure = syscalls.MS_NOSUID | syscalls.MS_NODEV | syscalls.MS_NOEXEC
        syscalls.mount("proc", "/proc", "proc", secure)
        syscalls.mount("sysfs", "/sys", "sysfs", secure)
        socket.sethostname(holder.host_name)
    os.setsid()
    os.chdir("/")
    os.umask(0o022)
    # Inherited by the final program: the kernel then reaps what is orphaned to it.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    null = os.open("/dev/null", os.O_RDWR)
    output = os.open(holder.output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600) if holder.program else null
    for standard, target in enumerate((null, output, output)):
        os.dup2(target, standard)
    for entry in os.listdir("/proc/self/fd"):
        if int(entry) > 2:
            with contextlib.suppress(OSError):
                os.set_inheritable(int(entry), int(entry) in holder.descriptors)
    program = holder.program or (sleep, _FOREVER)
    os.execve(program[0], [holder.process_name, *program[1:]], {"PATH": os.defpath})
