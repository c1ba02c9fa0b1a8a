# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables of nftables in the node's own namespace, compared and changed object by object.

Table and sets bear our mark as a comment. nft 1.0.6 shows that of sets alone, so that is the one that counts.
"""

from __future__ import annotations

import typing as t

from ...kernel import nf_tables
from ...kernel.nf_tables import Chain, Set, TableContent, TableRule
from ...kernel.wire import Message
from .kind import Found, KernelStep, Key, Kind, Numbers, Resource, Transaction
from .ownership import TUNNELS
from .scope import OWN_NAMESPACE, Gathering

TABLE = "table"
MARK = "purel3.fabric"
# By name: whose a table with our mark is, and what its user calls it.
OURS = {"purel3_tunnel": (TUNNELS, "guard of tunnels")}


class Table(t.NamedTuple):
    """A table of nftables.

    family: ip, ip6, inet or bridge.
    sets: by name.
    chains: in the order in which packets meet them.
    rules: chain by chain, in order.
    elements: the keys of each of its sets, by the set's name.
    """

    family: str
    name: str
    sets: t.Tuple[Set, ...]
    chains: t.Tuple[Chain, ...]
    rules: t.Tuple[TableRule, ...]
    elements: t.Tuple[t.Tuple[str, t.FrozenSet[bytes]], ...]

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
    types = {known.name: known.type for known in table.sets}
    return {
        name: tuple(nf_tables.key_in_words(types[name], key) for key in sorted(keys)) for name, keys in table.elements
    }


def _owner(table: Table) -> str:
    is_marked = any(known.comment == MARK for known in table.sets)
    return OURS[table.name][0] if is_marked and table.name in OURS else ""


def _describe(table: Table) -> str:
    words = OURS[table.name][1] if table.name in OURS else f"table {table.family} {table.name}"
    counts = [f"{len(members)} {name[:-1] if len(members) == 1 else name}" for name, members in table.elements]
    return f"{words} for {', '.join(counts)}" if counts else words


def _describe_change(before: Table, after: Table) -> t.Tuple[str, str]:
    old, new = _describe(before), _describe(after)
    were, are = elements_of(before), elements_of(after)
    for name in sorted({*were, *are}):
        old += "".join(f"  {one}" for one in were.get(name, ()) if one not in are.get(name, ()))
        new += "".join(f"  {one}" for one in are.get(name, ()) if one not in were.get(name, ()))
    is_altered = (_frame(before), before.rules) != (_frame(after), after.rules)
    return (f"{old}  with other rules" if is_altered else old), new


def _frame(table: Table) -> t.Tuple[t.Any, ...]:
    """What cannot be changed while the table stays."""
    return table.sets, table.chains


def transaction(before: t.Optional[Table], after: t.Optional[Table]) -> t.Iterator[Message]:
    """What leads from one table to another, all at once and without a moment in which there is none.

    A table that is None is not there.
    """
    subject = after or before
    if subject is None:
        return
    path = (subject.family, subject.name)
    is_remade = before is not None and after is not None and _frame(before) != _frame(after)
    if before is not None and (after is None or is_remade):
        yield nf_tables.delete_table(*path)
    if after is None:
        return
    if before is None or is_remade:
        yield nf_tables.new_table(*path, MARK)
        yield from (nf_tables.new_set(*path, made, number) for number, made in enumerate(after.sets, start=1))
        yield from (nf_tables.new_chain(*path, chain) for chain in after.chains)
        before = after._replace(rules=(), elements=())
    were = dict(before.elements)
    for name, keys in after.elements:
        old = were.get(name, frozenset())
        yield from nf_tables.add_elements(*path, name, sorted(keys - old))
        yield from nf_tables.delete_elements(*path, name, sorted(old - keys))
    for chain in after.chains:
        old_rules, rules = _in_chain(before, chain.name), _in_chain(after, chain.name)
        if old_rules != rules:
            if old_rules:
                yield nf_tables.flush_chain(*path, chain.name)
            yield from (nf_tables.append_rule(*path, rule) for rule in rules)


def _in_chain(table: Table, name: str) -> t.List[TableRule]:
    return [rule for rule in table.rules if rule.chain == name]


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


# Tunnels are opened only behind their guard, and closed before it goes.
KIND = Kind(
    TABLE,
    1,
    _describe,
    _found,
    _write,
    is_last=True,
    describe_change=_describe_change,
    gather=_gather,
    gather_key=_gather_key,
)
