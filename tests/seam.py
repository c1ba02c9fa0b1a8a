# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The seam between the library and the kernel: every call by which it changes something, counted and disturbed."""

from __future__ import annotations

import abc
import contextlib
import errno
import os
import signal
import typing as t

import pytest

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.kernel import nftables, syscalls, sysctls
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.kernel.rtnetlink import Refusal, RtnetlinkSocket
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.kernel.wire import Message

REFUSAL = "Cannot allocate memory"
# Beyond all kinds of rtnetlink, so that the kernel itself refuses it.
_NO_KIND = 4000
REFUSAL_OF_MESSAGE = "Operation not supported"

Function = t.Callable[..., t.Any]


class _Seam(abc.ABC):
    """Counts from `start` on; a hit is a call whose number, from 1, is one of `numbers`, and its name not spared."""

    def __init__(self, numbers: t.Container[int], spared: t.Container[str] = ()) -> None:
        self.numbers = numbers
        self.spared = spared
        self.calls: t.List[str] = []
        self.has_started = False

    def start(self) -> None:
        self.has_started = True

    def _is_hit(self, name: str) -> bool:
        if self.has_started:
            self.calls.append(name)
        return self.has_started and len(self.calls) in self.numbers and name not in self.spared

    @abc.abstractmethod
    def call(self, name: str, function: Function, *arguments: t.Any, **options: t.Any) -> t.Any:
        """Carry out or disturb a call."""

    @abc.abstractmethod
    def send(self, execute: Function, netlink: RtnetlinkSocket, messages: t.Sequence[Message]) -> t.List[Refusal]:
        """Carry out or disturb a batch of messages."""


class Refusals(_Seam):
    """Some calls are refused; each message counts, and a refused one is spoilt so that the kernel does it."""

    def call(self, name: str, function: Function, *arguments: t.Any, **options: t.Any) -> t.Any:
        if self._is_hit(name):
            raise OSError(errno.ENOMEM, REFUSAL)
        return function(*arguments, **options)

    def send(self, execute: Function, netlink: RtnetlinkSocket, messages: t.Sequence[Message]) -> t.List[Refusal]:
        sent = [
            message._replace(kind=_NO_KIND) if self._is_hit(f"message {message.kind}") else message
            for message in messages
        ]
        refusals: t.List[Refusal] = execute(netlink, sent)
        return refusals


class Death(_Seam):
    """Instead of one of the calls, the process is killed; each message counts, and those before it are carried out."""

    def call(self, name: str, function: Function, *arguments: t.Any, **options: t.Any) -> t.Any:
        if self._is_hit(name):
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **options)

    def send(self, execute: Function, netlink: RtnetlinkSocket, messages: t.Sequence[Message]) -> t.List[Refusal]:
        for position, message in enumerate(messages):
            if self._is_hit(f"message {message.kind}"):
                execute(netlink, messages[:position])
                os.kill(os.getpid(), signal.SIGKILL)
        refusals: t.List[Refusal] = execute(netlink, messages)
        return refusals


@contextlib.contextmanager
def disturbed(seam: _Seam) -> t.Iterator[None]:
    """Put a seam between the library and the kernel."""
    with pytest.MonkeyPatch.context() as patch:
        for module, name in (
            (syscalls, "mount"),
            (syscalls, "unmount"),
            (syscalls, "unshare"),
            (syscalls, "setns"),
            (sysctls, "write"),
            (nftables, "commit"),
            (os, "unlink"),
        ):
            patch.setattr(module, name, _wrapped(seam, name, getattr(module, name)))
        execute = RtnetlinkSocket.execute
        patch.setattr(RtnetlinkSocket, "execute", lambda netlink, messages: seam.send(execute, netlink, messages))
        yield


def _wrapped(seam: _Seam, name: str, function: Function) -> Function:
    return lambda *arguments, **options: seam.call(name, function, *arguments, **options)
