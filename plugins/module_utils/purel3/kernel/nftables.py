# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of nftables in the kernel, read and changed by netlink, without the program nft."""

from __future__ import annotations

import contextlib
import errno
import typing as t

from ..base.errors import KernelError, MissingDependency
from . import nf_tables
from .nf_tables import Element, Forwarding, Set, TableContent
from .rtnetlink import RtnetlinkSocket
from .wire import Message

_NETLINK_NETFILTER = 12
# What a kernel answers that has no nf_tables, not even as a module.
_UNKNOWN = (errno.EINVAL, errno.EOPNOTSUPP, errno.EPROTONOSUPPORT)
_LACKING = "this kernel has no nf_tables; boot one that has, or load its module: modprobe nf_tables"
_MANY = 5000


def read_table(family: str, name: str) -> t.Optional[TableContent]:
    """Read what stands in a table; None where there is none.

    family: ip, ip6, inet or bridge.

    Raises MissingDependency where the kernel has no nftables, KernelError where it refuses.
    """
    try:
        with RtnetlinkSocket(_NETLINK_NETFILTER) as inside:
            if inside.get(nf_tables.get_table(family, name)) is None:
                return None
            sets = [nf_tables.parse_set(*body[1:]) for body in inside.dump(nf_tables.dump_sets(family, name))]
            chains = [nf_tables.parse_chain(*body[1:]) for body in inside.dump(nf_tables.dump_chains(family))]
            rules = [nf_tables.parse_rule(*body[1:]) for body in inside.dump(nf_tables.dump_rules(family, name))]
            elements = {found.name: _read_elements(inside, family, name, found) for found in sets}
    except OSError as error:
        if error.errno in _UNKNOWN:
            raise MissingDependency(_LACKING) from error
        raise KernelError(f"nftables: the table {family} {name} cannot be read: {error.strerror}") from error
    return TableContent(
        tuple(sets),
        tuple(chain for table, chain in chains if table == name),
        tuple(rule for rule, _packets in rules),
        elements,
        tuple(packets for _rule, packets in rules),
    )


def read_forwarding() -> t.List[Forwarding]:
    """Read the tables of IPv4 that filter what is forwarded; none where the kernel does not show them."""
    found = []
    with contextlib.suppress(OSError), RtnetlinkSocket(_NETLINK_NETFILTER) as inside:
        for family in ("inet", "ip"):
            chains = [nf_tables.parse_chain(*body[1:]) for body in inside.dump(nf_tables.dump_chains(family))]
            for name in sorted({table for table, chain in chains if (chain.hook, chain.kind) == ("forward", "filter")}):
                rules = [nf_tables.parse_rule(*body[1:])[0] for body in inside.dump(nf_tables.dump_rules(family, name))]
                own = tuple(chain for table, chain in chains if table == name)
                found.append(Forwarding(family, name, own, tuple(rules)))
    return found


def _read_elements(inside: RtnetlinkSocket, family: str, table: str, known: Set) -> t.FrozenSet[Element]:
    """Read the elements of a set, again where they are many: a dump lacks some while the kernel makes room for others.

    80,000 of 100,000 were seen right after they had been added (Linux 6.18), without a sign in the answer.
    """
    last: t.FrozenSet[Element] = frozenset()
    question = nf_tables.dump_elements(family, table, known.name)
    while True:
        parts = (part for body in inside.dump(question) for part in nf_tables.parse_elements(*body[1:]))
        elements = nf_tables.elements_from(known, parts)
        if len(elements) < _MANY or elements == last:
            return elements
        last = elements


def commit(changes: t.Sequence[Message]) -> None:
    """Carry out changes in one transaction: all of them, or nothing.

    Raises MissingDependency where the kernel has no nftables, KernelError where it refuses.
    """
    if not changes:
        return
    batch = [nf_tables.batch_begin(), *changes, nf_tables.batch_end()]
    try:
        with RtnetlinkSocket(_NETLINK_NETFILTER) as inside:
            refusals = inside.transact(batch)
    except OSError as error:
        raise KernelError(f"nftables: the socket failed: {error.strerror}") from error
    for refusal in refusals:
        if refusal.position == 0 and refusal.number in _UNKNOWN:
            raise MissingDependency(_LACKING)
        raise KernelError(f"nftables: {refusal.text}")
