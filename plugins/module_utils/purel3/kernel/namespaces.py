# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Named network namespaces, in the form that `ip netns` keeps them: files in /run/netns."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import socket
import stat
import struct
import typing as t

from ..base.errors import InvalidInput, KernelError
from . import syscalls

FOLDER = "/run/netns"
OWN_PATH = "/proc/thread-self/ns/net"
_NS_GET_NSTYPE = 0xB703
_OF_PROCESS = re.compile(r"/proc/([0-9]+)/")
_SO_NETNS_COOKIE = 71


def path_of(reference: str) -> str:
    """Find the file of a namespace: empty for the own one, a name in /run/netns, or an absolute path."""
    if not reference:
        return OWN_PATH
    return reference if reference.startswith("/") else f"{FOLDER}/{reference}"


def list_names() -> t.List[str]:
    """List the named namespaces, sorted; placeholders that hold no namespace are left out."""
    try:
        names = sorted(os.listdir(FOLDER))
        device = os.stat(FOLDER).st_dev
    except FileNotFoundError:
        return []
    return [name for name in names if _is_namespace(f"{FOLDER}/{name}", device)]


def list_placeholders() -> t.Dict[str, int]:
    """Find the empty files that could be placeholders of ours, and hold no namespace: the mode of each by its name."""
    try:
        device = os.stat(FOLDER).st_dev
        with os.scandir(FOLDER) as entries:
            found = {entry.name: entry.stat(follow_symlinks=False) for entry in entries}
    except FileNotFoundError:
        return {}
    return {
        name: status.st_mode
        for name, status in sorted(found.items())
        if status.st_dev == device and stat.S_ISREG(status.st_mode) and status.st_size == 0
    }


def _is_namespace(path: str, folder_device: int) -> bool:
    try:
        return os.stat(path).st_dev != folder_device
    except FileNotFoundError:
        return False


def open_namespace(reference: str) -> t.Optional[int]:
    """Open a namespace's file, named as in path_of; None where there is none, or only an empty placeholder.

    Raises InvalidInput: an absolute path is no network namespace.
    """
    path = path_of(reference)
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    if _is_network_namespace(fd):
        return fd
    os.close(fd)
    if reference.startswith("/"):
        raise InvalidInput([f"netns {reference} is not a network namespace; give a path such as /proc/4711/ns/net"])
    return None


def fault_of(reference: str) -> str:
    """Say why nothing can be attached to a namespace, named as in path_of; empty where it can or the name is free."""
    try:
        fd = open_namespace(reference)
    except InvalidInput as error:
        return "; ".join(error.faults)
    except OSError as error:
        return f"its netns {reference} cannot be opened: {error.strerror}"
    if fd is None:
        is_free = not reference.startswith("/") and not os.path.islink(path_of(reference))
        return "" if is_free else f"its netns {reference} does not exist"
    try:
        is_own = os.path.samestat(os.fstat(fd), os.stat(OWN_PATH))
    finally:
        os.close(fd)
    return f"its netns {reference} is this host's own" if is_own else ""


def identity_of(reference: str) -> str:
    """Say which namespace it is that is known by a process alone: the same words for no other until the next boot.

    Empty for one that has a name or a file of its own, and where there is none: ids of processes are used again.

    Raises KernelError where it cannot be looked into.
    """
    process = _OF_PROCESS.match(os.path.realpath(path_of(reference)))
    if not process:
        return ""
    try:
        fd = open_namespace(reference)
    except (InvalidInput, OSError):
        return ""
    if fd is None:
        return ""
    try:
        with syscalls.entered(fd), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as inside:
            (cookie,) = struct.unpack("=Q", inside.getsockopt(socket.SOL_SOCKET, _SO_NETNS_COOKIE, 8))
        return f"cookie {cookie}"
    except OSError as error:
        if error.errno != errno.ENOPROTOOPT:  # before Linux 5.14
            raise KernelError(f"netns {reference} cannot be looked into: {error.strerror}; run as root") from error
        return f"inode {os.fstat(fd).st_ino} of a process started at {_start_of(process[1])}"
    finally:
        os.close(fd)


def _start_of(process: str) -> str:
    """When a process started, in ticks since boot (proc_pid_stat(5))."""
    with open(f"/proc/{process}/stat", encoding="ascii", errors="replace") as file:
        return file.read().rpartition(")")[2].split()[19]


def _is_network_namespace(fd: int) -> bool:
    if os.fstat(fd).st_dev != os.stat(OWN_PATH).st_dev:
        return False
    return fcntl.ioctl(fd, _NS_GET_NSTYPE) == syscalls.CLONE_NEWNET


def bind_own_namespace(name: str, mode: int) -> None:
    """Give the calling thread's network namespace a name; from then on it outlives the thread.

    name: a free name, or one whose empty placeholder an interrupted run left.
    mode: of the file that it is bound to, which shows when that has been undone.

    Raises KernelError: the name is taken, or the kernel refuses.
    """
    path = f"{FOLDER}/{name}"
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_RDONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode))
    if os.stat(path).st_dev != os.stat(FOLDER).st_dev:
        raise KernelError(f"netns {name} appeared while it was being made; run again")
    try:
        syscalls.mount(OWN_PATH, path, flags=syscalls.MS_BIND)
    except OSError as error:
        os.unlink(path)
        raise KernelError(f"netns {name}: the kernel refuses to bind it to {path}: {error.strerror}") from error


def prepare_folder() -> None:
    """Make /run/netns a shared mount, as `ip netns add` does, seen in every mount namespace; raises OSError."""
    os.makedirs(FOLDER, mode=0o755, exist_ok=True)
    try:
        syscalls.mount("", FOLDER, flags=syscalls.MS_SHARED | syscalls.MS_REC)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        syscalls.mount(FOLDER, FOLDER, flags=syscalls.MS_BIND | syscalls.MS_REC)
        syscalls.mount("", FOLDER, flags=syscalls.MS_SHARED | syscalls.MS_REC)


def remove_name(name: str) -> None:
    """Take away a namespace's name, if it has it; it ends when nothing uses it any more. Raises OSError."""
    path = f"{FOLDER}/{name}"
    try:
        syscalls.unmount(path)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOENT):
            raise
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
