# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carries a plan out: one send per namespace, host changes in batches, deletes all at once."""

from __future__ import annotations

import errno
import functools
import os
import typing as t
from itertools import groupby

from ...base.errors import KernelError, MissingDependency
from ...kernel import connections, namespaces, nftables, syscalls, sysctls, wire
from ...kernel.rtnetlink import RtnetlinkSocket
from ...kernel.wire import Message
from ..kinds.kind import EndConnections, KernelStep, Place, Setting
from ..kinds.namespace import NAMESPACE, Namespace, placeholder_mode
from ..kinds.ownership import DOOMED_GROUP
from ..kinds.registry import describe, kind_of
from ..kinds.scope import OWN_NAMESPACE
from ..plan import DISMANTLE, MAKE_WAY, Observed, Op, Plan

# Above the few indexes that a fresh namespace gives to its loopback and to fallback tunnels.
_FIRST_IFINDEX = 100
_GONE_ALREADY = frozenset((errno.ENODEV, errno.ENOENT, errno.ESRCH, errno.EADDRNOTAVAIL))

Steps = t.List[t.Tuple[Op, KernelStep]]


class ApplyError(KernelError):
    """An operation was refused.

    done: the operations that were, or may have been, carried out; without the refused one.
    reason: what the kernel said.
    """

    def __init__(self, done: t.Sequence[Op], op: Op, reason: str) -> None:
        self.done = tuple(done)
        self.op = op
        self.reason = reason
        super().__init__(f"cannot {op.verb} {describe(op.subject)}: {reason}")


def apply(plan: Plan, observed: Observed) -> None:
    """Carry a plan out, in its order; what was read before gives the numbers of interfaces.

    Raises ApplyError where an operation is refused, and nothing after its batch is tried; KernelError where the way
    back from another namespace is.
    """
    own = os.open(namespaces.OWN_PATH, os.O_RDONLY | os.O_CLOEXEC)
    try:
        writer = _Writer(own, observed)
        try:
            for phase, ops in groupby(plan, key=lambda op: op.phase):
                writer.run(phase, list(ops))
        finally:
            writer.close()
            syscalls.setns(own)
    except OSError as error:
        raise KernelError(f"cannot return to this host's own namespace: {error}") from error
    finally:
        os.close(own)


class _Writer:
    """Also the numbers that the kinds of objects ask for."""

    def __init__(self, own: int, observed: Observed) -> None:
        self.own = own
        self.has_ipv6 = os.path.exists("/proc/net/if_inet6")
        self.ifindexes: t.Dict[Place, int] = {}
        self.done: t.List[Op] = []
        self._noted: t.Set[int] = set()
        self._highest: t.Dict[str, int] = {}
        self._deferred: t.Dict[str, Steps] = {}
        self._descriptors: t.Dict[str, int] = {}
        for (namespace, device), interface in observed.interfaces.items():
            self.ifindexes[(namespace, device)] = interface.ifindex
            self._highest[namespace] = max(self._highest.get(namespace, 0), interface.ifindex)

    def close(self) -> None:
        for fd in self._descriptors.values():
            os.close(fd)

    def new_ifindex(self, place: Place) -> int:
        ifindex = max(self._highest.get(place[0], 0) + 1, _FIRST_IFINDEX)
        self._highest[place[0]] = ifindex
        self.ifindexes[place] = ifindex
        return ifindex

    def descriptor(self, namespace: str) -> int:
        if namespace == OWN_NAMESPACE:
            return self.own
        if namespace not in self._descriptors:
            fd = namespaces.open_namespace(namespace)
            if fd is None:
                raise KernelError(f"netns {namespace} disappeared; run again")
            self._descriptors[namespace] = fd
        return self._descriptors[namespace]

    def run(self, phase: int, ops: t.List[Op]) -> None:
        if phase == MAKE_WAY:
            for namespace, group in groupby(ops, key=lambda op: op.namespace):
                self._do_in(namespace, self._steps(namespace, group))
        elif phase == DISMANTLE:
            self._dismantle(ops)
        else:
            self._build(ops)

    def _build(self, ops: t.List[Op]) -> None:
        is_folder_ready = False
        for namespace, group in groupby(ops, key=lambda op: op.namespace):
            mine = list(group)
            if mine[0].subject.key[0] == NAMESPACE and mine[0].before is None:
                if not is_folder_ready:
                    self._guarded(mine[0], namespaces.prepare_folder)
                    is_folder_ready = True
                self._build_new(namespace, mine)
            else:
                deferred = self._deferred.pop(namespace, [])
                self._do_in(namespace, deferred + self._steps(namespace, mine))
        for namespace in sorted(self._deferred):
            self._do_in(namespace, self._deferred.pop(namespace))

    def _build_new(self, namespace: str, ops: t.List[Op]) -> None:
        """Build a namespace completely before it gets its name: if we are killed, the kernel takes all of it back."""
        op = ops[0]
        mode = placeholder_mode(t.cast(Namespace, op.subject).owner)
        self._guarded(op, lambda: syscalls.unshare(syscalls.CLONE_NEWNET))
        self._do(self._steps(namespace, ops))
        self._guarded(op, lambda: namespaces.bind_own_namespace(namespace, mode))
        syscalls.setns(self.own)

    def _steps(self, namespace: str, ops: t.Iterable[Op]) -> Steps:
        """What is done in a namespace; what is to be done in another is kept for later."""
        here: Steps = []
        for op in ops:
            for step in kind_of(op.subject).write(op.before, op.after, self):
                if step.namespace == namespace:
                    here.append((op, step))
                else:
                    self._deferred.setdefault(step.namespace, []).append((op, step))
        return here

    def _dismantle(self, ops: t.List[Op]) -> None:
        links = [op for op in ops if kind_of(op.subject).link_to_delete is not None]
        for namespace, group in groupby(links, key=lambda op: op.namespace):
            self._delete_links(namespace, list(group))
        for op in ops:
            if op.subject.key[0] == NAMESPACE:
                self._note([op])
                name = op.namespace
                self._guarded(op, lambda name=name: namespaces.remove_name(name))  # type: ignore[misc]
            elif kind_of(op.subject).link_to_delete is None:
                self._do_in(op.namespace, self._steps(op.namespace, [op]))

    def _delete_links(self, namespace: str, ops: t.List[Op]) -> None:
        """Delete by group: the kernel waits once for all, not once for each."""
        if len(ops) == 1:
            self._do_in(namespace, self._steps(namespace, ops))
            return
        doomed: Steps = []
        for op in ops:
            link_to_delete = kind_of(op.subject).link_to_delete
            if link_to_delete is not None:
                message = wire.set_link(self.ifindexes[link_to_delete(op.subject)], group=DOOMED_GROUP)
                doomed.append((op, KernelStep(namespace, message)))
        self._do_in(namespace, doomed)
        self._do_in(namespace, [(ops[0], KernelStep(namespace, wire.delete_group(DOOMED_GROUP)))])

    def _do_in(self, namespace: str, steps: Steps) -> None:
        if not steps:
            return
        if namespace == OWN_NAMESPACE:
            syscalls.setns(self.own)
        else:
            self._enter(namespace, steps[0][0])
        self._do(steps)
        syscalls.setns(self.own)

    def _enter(self, namespace: str, op: Op) -> None:
        fd = namespaces.open_namespace(namespace)
        if fd is None:
            raise ApplyError(self.done, op, f"netns {namespace} disappeared; run again")
        try:
            self._guarded(op, lambda: syscalls.setns(fd))
        finally:
            os.close(fd)

    def _do(self, steps: Steps) -> None:
        """Do all steps in the namespace that this thread is in: messages in bulk, all else one by one."""
        for is_message, group in groupby(steps, key=_is_message):
            if is_message:
                messages = [(op, t.cast(Message, step.act)) for op, step in group]
                self._note(op for op, _message in messages)
                self._send(messages)
                continue
            for op, step in group:
                self._note([op])
                self._guarded(op, functools.partial(_act, step))

    def _note(self, ops: t.Iterable[Op]) -> None:
        """Count operations as done, each once: from here on they may have been."""
        last = None
        for op in ops:
            if op is not last and id(op) not in self._noted:
                self._noted.add(id(op))
                self.done.append(op)
            last = op

    def _send(self, messages: t.Sequence[t.Tuple[Op, Message]]) -> None:
        try:
            with RtnetlinkSocket() as inside:
                refusals = inside.execute([message for _op, message in messages])
        except OSError as error:
            raise ApplyError(self.done, messages[0][0], f"the netlink socket failed: {error}") from error
        for refusal in refusals:
            op = messages[refusal.position][0]
            if op.after is None and refusal.number in _GONE_ALREADY:
                continue
            done = [other for other in self.done if other is not op or refusal.number != errno.EEXIST]
            raise ApplyError(done, op, refusal.text)

    def _guarded(self, op: Op, act: t.Callable[[], None]) -> None:
        try:
            act()
        except OSError as error:
            raise ApplyError(self.done, op, error.strerror or str(error)) from error
        except (KernelError, MissingDependency) as error:
            raise ApplyError(self.done, op, str(error)) from error


def _is_message(pair: t.Tuple[Op, KernelStep]) -> bool:
    return isinstance(pair[1].act, Message)


def _act(step: KernelStep) -> None:
    """Do what is not done by a message; called through their modules, where tests disturb both."""
    if isinstance(step.act, Setting):
        sysctls.write(step.act.path, step.act.value)
    elif isinstance(step.act, EndConnections):
        connections.end_connections(step.act.destinations)
    elif not isinstance(step.act, Message):
        nftables.commit(step.act.changes)
