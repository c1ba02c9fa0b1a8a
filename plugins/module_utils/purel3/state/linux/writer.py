# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carries a plan out: one send per namespace, host changes in batches, deletes all at once."""

from __future__ import annotations

import errno
import os
import typing as t
from itertools import groupby

from ...base.errors import KernelError, MissingDependency
from ...dataplane.encapsulation import guard
from ...kernel import namespaces, nft, records, syscalls, sysctls, wire
from ...kernel.rtnetlink import RtnetlinkSocket
from ...kernel.wire import Message
from ..model import (
    GUARD,
    OWN_NAMESPACE,
    SYSCTL,
    Address,
    End,
    Guard,
    Namespace,
    Place,
    Resource,
    Route,
    Sysctl,
    Tunnel,
    Veth,
)
from ..ownership import DOOMED_GROUP, namespace_mark, placeholder_mode
from ..plan import BUILD, DISMANTLE, MAKE_WAY, Observed, Op, Plan
from ..words import describe

# Above the few indexes that a fresh namespace gives to its loopback and to fallback tunnels.
_FIRST_IFINDEX = 100
_GONE_ALREADY = frozenset((errno.ENODEV, errno.ENOENT, errno.ESRCH, errno.EADDRNOTAVAIL))

Step = t.Tuple[Op, Message]


class ApplyError(KernelError):
    """An operation was refused.

    Args:
        done: the operations that were, or may have been, carried out; without the refused one.
        op: the refused operation.
        reason: what the kernel said.
    """

    def __init__(self, done: t.Sequence[Op], op: Op, reason: str) -> None:
        self.done = tuple(done)
        self.op = op
        self.reason = reason
        super().__init__(f"cannot {op.verb} {describe(op.subject)}: {reason}")


def apply(plan: Plan, observed: Observed) -> None:
    """Carry a plan out.

    Args:
        plan: the operations, in their order.
        observed: what was read before, for the numbers of interfaces.

    Raises:
        ApplyError: an operation was refused; nothing after its batch was tried.
        KernelError: the way back from another namespace was refused.
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
    def __init__(self, own: int, observed: Observed) -> None:
        self.own = own
        self.done: t.List[Op] = []
        self.ifindexes: t.Dict[Place, int] = {}
        self.highest: t.Dict[str, int] = {}
        self.deferred: t.Dict[str, t.List[Step]] = {}
        self.descriptors: t.Dict[str, int] = {}
        self.has_ipv6 = os.path.exists("/proc/net/if_inet6")
        for (namespace, device), interface in observed.interfaces.items():
            self.ifindexes[(namespace, device)] = interface.ifindex
            self.highest[namespace] = max(self.highest.get(namespace, 0), interface.ifindex)

    def close(self) -> None:
        for fd in self.descriptors.values():
            os.close(fd)

    def run(self, phase: int, ops: t.List[Op]) -> None:
        if phase == BUILD:
            self._build(ops)
        elif phase == MAKE_WAY:
            for namespace, group in groupby(ops, key=lambda op: op.namespace):
                self._send_in(namespace, [step for op in group for step in self._steps_to_make_way(op)])
        elif phase == DISMANTLE:
            self._dismantle(ops)

    def _steps_to_make_way(self, op: Op) -> t.List[Step]:
        return self._steps(op) if op.after is not None else [(op, self._deletion(op.subject))]

    def _build(self, ops: t.List[Op]) -> None:
        is_folder_ready = False
        for namespace, group in groupby(ops, key=lambda op: op.namespace):
            mine = list(group)
            if isinstance(mine[0].subject, Namespace):
                if not is_folder_ready:
                    self._guarded(mine[0], namespaces.prepare_folder)
                    is_folder_ready = True
                self._build_new(mine)
            else:
                self._build_in(namespace, mine)
        for namespace in sorted(self.deferred):
            self._send_in(namespace, self.deferred.pop(namespace))

    def _build_new(self, ops: t.List[Op]) -> None:
        """Build a namespace completely before it gets its name: if we are killed, the kernel takes all of it back."""
        op = ops[0]
        name = t.cast(Namespace, op.subject)
        self._guarded(op, lambda: syscalls.unshare(syscalls.CLONE_NEWNET))
        mark = wire.set_link(wire.LOOPBACK_INDEX, is_up=True, alias=namespace_mark(name.owner))
        steps = [(op, mark)]
        for other in ops[1:]:
            steps.extend(self._steps(other))
        self.done.extend(ops)
        self._send(steps)
        self._guarded(op, lambda: namespaces.bind_own_namespace(name.name, placeholder_mode(name.owner)))
        syscalls.setns(self.own)

    def _build_in(self, namespace: str, ops: t.List[Op]) -> None:
        steps = self.deferred.pop(namespace, [])
        for kind, group in groupby(ops, key=_means_of):
            if not kind:
                for op in group:
                    steps.extend(self._steps(op))
                    self.done.append(op)
                continue
            self._send_in(namespace, steps)
            steps = []
            if kind == SYSCTL:
                self._write_settings(namespace, list(group))
            else:
                for op in group:
                    self._exchange_guard(op)
        self._send_in(namespace, steps)

    def _exchange_guard(self, op: Op) -> None:
        """Done by a program of its own, in the namespace that this process is in."""
        before = t.cast(t.Optional[Guard], op.before)
        after = t.cast(t.Optional[Guard], op.after)
        self.done.append(op)
        self._guarded(op, lambda: nft.run(guard.transaction(before, after)))

    def _write_settings(self, namespace: str, ops: t.List[Op]) -> None:
        self._enter(namespace, ops[0])
        for op in ops:
            setting = t.cast(Sysctl, op.subject)
            self.done.append(op)
            self._guarded(op, lambda setting=setting: sysctls.write(setting.path, setting.value))  # type: ignore[misc]
        syscalls.setns(self.own)

    def _steps(self, op: Op) -> t.List[Step]:
        subject = op.subject
        if isinstance(subject, Veth):
            before = op.before if isinstance(op.before, Veth) else None
            return self._veth_steps(op, before, subject)
        if isinstance(subject, Tunnel):
            return [(op, message) for message in self._tunnel_messages(subject)]
        if isinstance(subject, Address):
            message = wire.add_address(self.ifindexes[(subject.namespace, subject.device)], subject.address)
        elif isinstance(subject, Route):
            record = self._record(subject)
            message = wire.add_route(record) if op.before is None else wire.replace_route(record)
        else:
            raise KernelError(f"cannot {op.verb} {describe(subject)} by a message")
        return [(op, message)]

    def _veth_steps(self, op: Op, before: t.Optional[Veth], after: Veth) -> t.List[Step]:
        steps: t.List[Step] = []
        if before is None:
            inner = wire.VethEnd(
                after.inner.device,
                self._new_ifindex(after.inner.place),
                after.inner.mac,
                after.inner.mtu,
                after.inner.group,
            )
            outer = wire.VethEnd(
                after.outer.device,
                self._new_ifindex(after.outer.place),
                after.outer.mac,
                after.outer.mtu,
                after.outer.group,
            )
            steps.append((op, self._creation(inner, outer, after)))
        steps.extend((op, message) for message in self._end_messages(before.inner if before else None, after.inner))
        deferred = [(op, message) for message in self._end_messages(before.outer if before else None, after.outer)]
        if after.outer.namespace == after.inner.namespace:
            return steps + deferred
        self.deferred.setdefault(after.outer.namespace, []).extend(deferred)
        return steps

    def _creation(self, inner: wire.VethEnd, outer: wire.VethEnd, veth: Veth) -> Message:
        namespace = veth.outer.namespace
        return wire.create_veth(inner, outer, self.own if namespace == OWN_NAMESPACE else self._descriptor(namespace))

    def _descriptor(self, namespace: str) -> int:
        if namespace not in self.descriptors:
            fd = namespaces.open_namespace(namespace)
            if fd is None:
                raise KernelError(f"netns {namespace} disappeared; run again")
            self.descriptors[namespace] = fd
        return self.descriptors[namespace]

    def _end_messages(self, before: t.Optional[End], after: End) -> t.List[Message]:
        if before == after:
            return []
        ifindex = self.ifindexes[after.place]
        messages = []
        if before is None:
            mode = self._addr_gen_mode(after)
            messages.append(wire.set_link(ifindex, alias=after.alias, addr_gen_mode=mode))
        elif before._replace(is_up=after.is_up) != after:
            messages.append(self._changes(ifindex, before, after))
        if before is None or before.is_up != after.is_up:
            messages.append(wire.set_link(ifindex, is_up=after.is_up))
        return messages

    def _tunnel_messages(self, tunnel: Tunnel) -> t.List[Message]:
        """Marked before it is up, and down before it is not marked any more."""
        ifindex = self.ifindexes[(tunnel.namespace, tunnel.device)]
        settings = wire.set_link(ifindex, alias=tunnel.alias, group=tunnel.group, mtu=tunnel.mtu)
        state = wire.set_link(ifindex, is_up=tunnel.is_up)
        return [settings, state] if tunnel.is_up else [state, settings]

    def _changes(self, ifindex: int, before: End, after: End) -> Message:
        return wire.set_link(
            ifindex,
            alias=None if before.alias == after.alias else after.alias,
            group=None if before.group == after.group else after.group,
            link_address="" if before.mac == after.mac else after.mac,
            mtu=0 if before.mtu == after.mtu else after.mtu,
            addr_gen_mode=None if before.has_link_local == after.has_link_local else self._addr_gen_mode(after),
        )

    def _addr_gen_mode(self, end: End) -> t.Optional[int]:
        if end.has_link_local is None or not self.has_ipv6:
            return None
        return wire.ADDR_GEN_EUI64 if end.has_link_local else wire.ADDR_GEN_NONE

    def _new_ifindex(self, place: Place) -> int:
        ifindex = max(self.highest.get(place[0], 0) + 1, _FIRST_IFINDEX)
        self.highest[place[0]] = ifindex
        self.ifindexes[place] = ifindex
        return ifindex

    def _deletion(self, subject: Resource) -> Message:
        if isinstance(subject, Address):
            return wire.delete_address(self.ifindexes[(subject.namespace, subject.device)], subject.address)
        if isinstance(subject, Route):
            return wire.delete_route(self._record(subject))
        if isinstance(subject, Veth):
            return wire.delete_link(self.ifindexes[subject.outer.place])
        raise KernelError(f"cannot delete {describe(subject)} by a message")

    def _record(self, route: Route) -> records.RouteRecord:
        ifindex = self.ifindexes[(route.namespace, route.device)] if route.device else 0
        return records.RouteRecord(
            route.table, route.destination, route.metric, route.kind, route.gateway, ifindex, route.scope,
            route.protocol, route.is_onlink, route.is_simple,
        )  # fmt: skip

    def _dismantle(self, ops: t.List[Op]) -> None:
        veths = [op for op in ops if isinstance(op.subject, Veth)]
        for namespace, group in groupby(veths, key=lambda op: op.namespace):
            self._dismantle_veths(namespace, list(group))
        for op in ops:
            subject = op.subject
            if isinstance(subject, Guard):
                self._exchange_guard(op)
            elif isinstance(subject, Namespace):
                self.done.append(op)
                name = subject.name
                self._guarded(op, lambda name=name: namespaces.remove_name(name))  # type: ignore[misc]

    def _dismantle_veths(self, namespace: str, ops: t.List[Op]) -> None:
        """Delete by group: the kernel waits once for all, not once for each."""
        if len(ops) == 1:
            self.done.extend(ops)
            self._send_in(namespace, [(ops[0], self._deletion(ops[0].subject))])
            return
        doomed = []
        for op in ops:
            veth = t.cast(Veth, op.subject)
            doomed.append((op, wire.set_link(self.ifindexes[veth.outer.place], group=DOOMED_GROUP)))
        self.done.extend(ops)
        self._send_in(namespace, doomed)
        self._send_in(namespace, [(ops[0], wire.delete_group(DOOMED_GROUP))])

    def _enter(self, namespace: str, op: Op) -> None:
        if namespace == OWN_NAMESPACE:
            syscalls.setns(self.own)
            return
        fd = namespaces.open_namespace(namespace)
        if fd is None:
            raise ApplyError(self.done, op, f"netns {namespace} disappeared; run again")
        try:
            self._guarded(op, lambda: syscalls.setns(fd))
        finally:
            os.close(fd)

    def _send_in(self, namespace: str, steps: t.List[Step]) -> None:
        if not steps:
            return
        if steps[0][0].phase == MAKE_WAY:
            self.done.extend(op for op, _message in steps)
        self._enter(namespace, steps[0][0])
        self._send(steps)
        syscalls.setns(self.own)

    def _send(self, steps: t.List[Step]) -> None:
        try:
            with RtnetlinkSocket() as inside:
                refusals = inside.execute([message for _op, message in steps])
        except OSError as error:
            raise ApplyError(self.done, steps[0][0], f"the netlink socket failed: {error}") from error
        for refusal in refusals:
            op = steps[refusal.position][0]
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


def _means_of(op: Op) -> str:
    """Tell which kind of object an operation is on, where it is not done by a message to the kernel."""
    kind = op.subject.key[0]
    return kind if kind in (GUARD, SYSCTL) else ""
