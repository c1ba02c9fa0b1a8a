# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables of nftables in the node's own namespace, compared and changed object by object.

Table and sets bear our mark as a comment. nft 1.0.6 shows that of sets alone, so that is the one that counts.
"""

from __future__ import annotations

import typing as t
from ipaddress import IPv4Address

from ...kernel import nf_tables
from ...kernel.nf_tables import Chain, Element, Set, TableContent, TableRule
from ...kernel.wire import Message
from .kind import EndConnections, Found, KernelStep, Key, Kind, Numbers, Resource, Transaction
from .ownership import POLICIES, TRANSLATION, TUNNELS, WORKLOADS
from .scope import OWN_NAMESPACE, Gathering

if t.TYPE_CHECKING:
    from ..plan import Comparer

TABLE = "table"
MARK = "purel3.fabric"


class _Purpose(t.NamedTuple):
    """What a table with our mark is for: whose it is, and what its user calls it and the elements of its first set.

    has_destinations: its first set leads connections, by their destinations, to where they go.
    spans_changes: it is there before anything else is made, and while things change its sets hold what they held and
        what they will hold.
    """

    family: str
    owner: str
    words: str
    first_set: str
    members: str
    has_destinations: bool = False
    spans_changes: bool = False


OURS = {
    "purel3_tunnel": _Purpose("ip", TUNNELS, "guard of tunnels", "endpoints", "endpoint"),
    "purel3_policy": _Purpose("ip", POLICIES, "policies", "cali-from-wl-dispatch", "workload"),
    "purel3_tracking": _Purpose("ip", POLICIES, "tracking of connections", "tracked", "connection"),
    "purel3_nat": _Purpose("ip", TRANSLATION, "NAT", "cali-fip-dnat", "floating IP", has_destinations=True),
    "purel3_source_guard": _Purpose("inet", WORKLOADS, "source guard", "sources", "source", spans_changes=True),
}
_SHOWN = 10
_NOTHING: t.FrozenSet[Element] = frozenset()


class Table(t.NamedTuple):
    """A table of nftables.

    family: ip, ip6, inet or bridge.
    sets: by name.
    chains: in the order in which packets meet them.
    rules: chain by chain, in order.
    elements: of each of its sets, by the set's name.
    """

    family: str
    name: str
    sets: t.Tuple[Set, ...]
    chains: t.Tuple[Chain, ...]
    rules: t.Tuple[TableRule, ...]
    elements: t.Tuple[t.Tuple[str, t.FrozenSet[Element]], ...]

    @property
    def key(self) -> Key:
        """The kernel's identity of it."""
        return (TABLE, OWN_NAMESPACE, self.family, self.name)

    @property
    def namespace(self) -> str:
        """Only the node's own namespace has tables of ours."""
        return OWN_NAMESPACE


def table_of(family: str, name: str, content: TableContent) -> Table:
    """Make a table of what stands, or should stand, in it."""
    return Table(
        family,
        name,
        tuple(sorted(content.sets)),
        tuple(sorted(content.chains, key=_order)),
        tuple(sorted(content.rules, key=lambda rule: rule.chain)),
        tuple(sorted(content.elements.items())),
    )


def _order(chain: Chain) -> t.Tuple[int, Chain]:
    hooks = nf_tables.HOOKS
    return (hooks.index(chain.hook) if chain.hook in hooks else len(hooks), chain)


def elements_of(table: Table) -> t.Mapping[str, t.Tuple[str, ...]]:
    """The elements of each set in words, by name."""
    return {known.name: _in_words(known, dict(table.elements).get(known.name, _NOTHING)) for known in table.sets}


def _in_words(known: Set, elements: t.Iterable[Element]) -> t.Tuple[str, ...]:
    return tuple(nf_tables.element_in_words(known, element) for element in sorted(elements))


def _owner(table: Table) -> str:
    is_marked = any(known.comment == MARK for known in table.sets)
    return OURS[table.name].owner if is_marked and table.name in OURS else ""


def _describe(table: Table) -> str:
    if table.name not in OURS:
        return f"table {table.family} {table.name}"
    purpose = OURS[table.name]
    members = dict(table.elements).get(purpose.first_set)
    if not members:
        return purpose.words
    return f"{purpose.words} for {len(members)} {purpose.members}{'' if len(members) == 1 else 's'}"


def _describe_change(before: Table, after: Table) -> t.Tuple[str, str]:
    old, new = _describe(before), _describe(after)
    is_altered = (_frame(before), before.rules) != (_frame(after), after.rules)
    old += f"{_less(before, after)}{'  with other rules' if is_altered else ''}"
    return old, new + _less(after, before)


def _less(table: Table, other: Table) -> str:
    """The elements that a table has and another has not, in words."""
    elements, others = dict(table.elements), dict(other.elements)
    first_set = OURS[table.name].first_set if table.name in OURS else ""
    words = []
    for known in table.sets:
        title = "" if known.name == first_set else f"{known.comment or known.name}: "
        own = elements.get(known.name, _NOTHING) - others.get(known.name, _NOTHING)
        words += [f"{title}{one}" for one in _in_words(known, own)]
    more = [f"and {len(words) - _SHOWN} more"] if len(words) > _SHOWN else []
    return "".join(f"  {one}" for one in [*words[:_SHOWN], *more])


def _frame(table: Table) -> t.Tuple[t.Any, ...]:
    """What a table is besides its elements and rules."""
    return table.sets, table.chains


def _can_stay(before: Table, after: Table) -> bool:
    """Whether what is different can be changed while the table stays: whatever has a name can come and go by itself."""
    return _kept(before.sets, after.sets) and _kept(before.chains, after.chains) and _hooks(before) == _hooks(after)


def _kept(before: t.Iterable[t.Union[Set, Chain]], after: t.Iterable[t.Union[Set, Chain]]) -> bool:
    old, new = ({one.name: one for one in side} for side in (before, after))
    return all(old[name] == new[name] for name in old.keys() & new.keys())


def _hooks(table: Table) -> t.List[Chain]:
    return [chain for chain in table.chains if chain.hook]


def transaction(before: t.Optional[Table], after: t.Optional[Table]) -> t.Iterator[Message]:
    """What leads from one table to another, all at once and without a moment in which there is none.

    A table that is None is not there.
    """
    subject = after or before
    if subject is None:
        return
    path = (subject.family, subject.name)
    stays = before is not None and after is not None and _can_stay(before, after)
    if before is not None and not stays:
        yield nf_tables.delete_table(*path)
    if after is None:
        return
    if before is None or not stays:
        yield nf_tables.new_table(*path, MARK)
        before = Table(*path, (), (), (), ())
    yield from _changes(path, before, after)


def _changes(path: t.Tuple[str, str], before: Table, after: Table) -> t.Iterator[Message]:
    """First what is new; then what refers to it, and no more to what goes; then that goes."""
    new_sets = (one for one in after.sets if one not in before.sets)
    yield from (nf_tables.new_set(*path, one, number) for number, one in enumerate(new_sets, start=1))
    yield from (nf_tables.new_chain(*path, one) for one in after.chains if one not in before.chains)
    old_rules, new_rules = _by_chain(before.rules), _by_chain(after.rules)
    changed = [name for name in {**old_rules, **new_rules} if old_rules.get(name) != new_rules.get(name)]
    yield from (nf_tables.flush_chain(*path, name) for name in changed if name in old_rules)
    old_elements, new_elements = dict(before.elements), dict(after.elements)
    for name, elements in old_elements.items():
        yield from nf_tables.delete_elements(*path, name, sorted(elements - new_elements.get(name, _NOTHING)))
    for name, elements in new_elements.items():
        yield from nf_tables.add_elements(*path, name, sorted(elements - old_elements.get(name, _NOTHING)))
    yield from (nf_tables.append_rule(*path, rule) for name in changed for rule in new_rules.get(name, ()))
    yield from (nf_tables.delete_chain(*path, one.name) for one in before.chains if one not in after.chains)
    yield from (nf_tables.delete_set(*path, one.name) for one in before.sets if one not in after.sets)


def _by_chain(rules: t.Iterable[TableRule]) -> t.Dict[str, t.List[TableRule]]:
    found: t.Dict[str, t.List[TableRule]] = {}
    for rule in rules:
        found.setdefault(rule.chain, []).append(rule)
    return found


def _compare(comparer: Comparer, wanted: Table) -> None:
    comparer.compare_plainly(wanted, comes_first=_spans_changes(wanted))


def _spans_changes(table: Table) -> bool:
    return table.name in OURS and OURS[table.name].spans_changes


def _jointly_marked(before: Table, after: Table) -> t.Tuple[Table, Table]:
    if not _spans_changes(after):
        return before, after
    kept = {name: elements for name, elements in before.elements if name in dict(after.elements)}
    both = {name: elements | kept.get(name, _NOTHING) for name, elements in after.elements}
    joint = after._replace(elements=tuple(sorted(both.items())))
    return joint, joint


def with_elements_of(other: Table, table: Table) -> Table:
    """A table with its own sets, rules and chains, and in its sets the elements that another has there."""
    elements = dict(other.elements)
    return table._replace(elements=tuple((name, elements.get(name, own)) for name, own in table.elements))


def gather_all_of(gathering: Gathering, owner: str) -> None:
    """Have all tables read that an owner may have."""
    gathering.nft_tables.update((one.family, name) for name, one in OURS.items() if one.owner == owner)


def _gather(gathering: Gathering, table: Table) -> None:
    gathering.nft_tables.add((table.family, table.name))


def _gather_key(gathering: Gathering, key: Key) -> None:
    gathering.nft_tables.add((key[2], key[3]))


def _found(found: Found) -> t.Iterator[t.Tuple[Resource, str]]:
    for (family, name), content in found.nft_tables.items():
        table = table_of(family, name, content)
        yield table, _owner(table)


def _write(before: t.Optional[Table], after: t.Optional[Table], _numbers: Numbers) -> t.Iterator[KernelStep]:
    yield KernelStep(OWN_NAMESPACE, Transaction(tuple(transaction(before, after))))
    # Only a connection's first packet is translated by the rules; all others go where that went.
    changed = _destinations(before) ^ _destinations(after)
    led_elsewhere = frozenset(str(IPv4Address(element.key)) for element in changed)
    if led_elsewhere:
        yield KernelStep(OWN_NAMESPACE, EndConnections(led_elsewhere))


def _destinations(table: t.Optional[Table]) -> t.FrozenSet[Element]:
    if table is None or table.name not in OURS or not OURS[table.name].has_destinations:
        return _NOTHING
    return dict(table.elements).get(OURS[table.name].first_set, _NOTHING)


# Tunnels are opened only behind their guard, and closed before it goes.
KIND = Kind(
    TABLE,
    1,
    _describe,
    _found,
    _write,
    compare=_compare,
    jointly_marked=_jointly_marked,
    is_last=True,
    describe_change=_describe_change,
    gather=_gather,
    gather_key=_gather_key,
)
