# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables of nftables in the node's own namespace: read as JSON, compared object by object, written as text.

nft 1.0.6 takes no comment on a set in JSON (libnftables-json(5)), and shows none on a table; so a table of ours bears
its mark on a set, and text is made of what is compared.
"""

from __future__ import annotations

import ipaddress
import json
import typing as t

from .kind import Found, KernelStep, Key, Kind, Numbers, Resource, Transaction
from .ownership import TUNNELS
from .scope import OWN_NAMESPACE, Gathering

TABLE = "table"
MARK = "purel3.fabric"
# By name: whose a table with our mark is, and what its user calls it.
OURS = {"purel3_tunnel": (TUNNELS, "guard of tunnels")}

# Read from the kernel, but not part of what an object says.
_NUMBERS = ("family", "table", "handle", "elem")
_HOOKS = ("ingress", "prerouting", "input", "forward", "output", "postrouting")
# What a rule may ask of a packet without naming `meta` (nft(8)).
_BARE = ("iif", "iifgroup", "iifname", "mark", "oif", "oifgroup", "oifname")

Object = t.Mapping[str, t.Any]


class Table(t.NamedTuple):
    """A table of nftables.

    family: ip, ip6, inet or bridge.
    frame: its sets and chains, and whatever else is neither an element nor a rule, each as JSON.
    rules: in order, each as JSON.
    elements: of each of its sets, by name.
    """

    family: str
    name: str
    frame: t.Tuple[str, ...]
    rules: t.Tuple[str, ...]
    elements: t.Tuple[t.Tuple[str, t.Tuple[str, ...]], ...]

    @property
    def key(self) -> Key:
        """The kernel's identity of it."""
        return (TABLE, OWN_NAMESPACE, self.family, self.name)

    @property
    def namespace(self) -> str:
        """Only the node's own namespace has tables of ours."""
        return OWN_NAMESPACE


def table_of(family: str, name: str, objects: t.Iterable[Object]) -> Table:
    """Make a table of its objects, as nft lists them (libnftables-json(5)) or as they should be."""
    frame, rules, elements = [], [], {}
    for found in objects:
        kind, values = next(iter(found.items()))
        if kind == "rule":
            rules.append(_plain(found))
        elif kind not in ("metainfo", "table"):
            frame.append(_plain(found))
        if kind == "set":
            elements[values["name"]] = tuple(sorted(map(_element, values.get("elem", ())), key=_number))
    return Table(family, name, tuple(sorted(frame, key=_order)), tuple(rules), tuple(sorted(elements.items())))


def _plain(found: Object) -> str:
    """An object without what the kernel counts and numbers."""
    kind, values = next(iter(found.items()))
    kept = {name: value for name, value in values.items() if name not in _NUMBERS}
    if "expr" in kept:
        kept["expr"] = [{"counter": None} if "counter" in one else one for one in kept["expr"]]
    return json.dumps({kind: kept}, sort_keys=True)


def _order(text: str) -> t.Tuple[int, int, str]:
    """Sets before the chains that use them; chains in the order in which packets meet them."""
    kind, values = next(iter(json.loads(text).items()))
    hook = values.get("hook", "")
    return (kind == "chain", _HOOKS.index(hook) if hook in _HOOKS else len(_HOOKS), text)


def _element(element: t.Any) -> str:
    if isinstance(element, dict) and "prefix" in element:
        return f"{element['prefix']['addr']}/{element['prefix']['len']}"
    if isinstance(element, dict) and "range" in element:
        return "-".join(element["range"])
    return str(element)


def _number(element: str) -> t.Tuple[int, str]:
    try:
        return (int(ipaddress.ip_address(element)), "")
    except ValueError:
        return (-1, element)


def elements_of(table: Table) -> t.Mapping[str, t.Tuple[str, ...]]:
    """The elements of each set, by name."""
    return dict(table.elements)


def _owner(table: Table) -> str:
    is_marked = any(json.loads(one).get("set", {}).get("comment") == MARK for one in table.frame)
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
    is_altered = (before.frame, before.rules) != (after.frame, after.rules)
    return (f"{old}  with other rules" if is_altered else old), new


def transaction(before: t.Optional[Table], after: t.Optional[Table]) -> str:
    """What leads from one table to another, all at once and without a moment in which there is none.

    Commands for nft, one a line; a table that is None is not there.
    """
    return "".join(f"{line}\n" for line in _commands(before, after))


def _commands(before: t.Optional[Table], after: t.Optional[Table]) -> t.Iterator[str]:
    subject = after or before
    if subject is None:
        return
    path = f"{subject.family} {subject.name}"
    if before is not None and (after is None or before.frame != after.frame):
        yield f"delete table {path}"
    if after is None:
        return
    if before is None or before.frame != after.frame:
        yield f'create table {path} {{ comment "{MARK}"; }}'
        yield from (_definition(path, json.loads(one)) for one in after.frame)
        for name, members in after.elements:
            yield from _change_of_elements("add", path, name, members)
        yield from (_rule(path, rule) for rule in _rules(after))
        return
    were = elements_of(before)
    for name, members in after.elements:
        old = were.get(name, ())
        yield from _change_of_elements("add", path, name, [one for one in members if one not in old])
        yield from _change_of_elements("delete", path, name, [one for one in old if one not in members])
    chains = [json.loads(one)["chain"]["name"] for one in after.frame if '{"chain"' in one]
    changed = [name for name in chains if _in_chain(before, name) != _in_chain(after, name)]
    yield from (f"flush chain {path} {name}" for name in changed)
    yield from (_rule(path, rule) for name in changed for rule in _in_chain(after, name))


def _rules(table: Table) -> t.List[t.Any]:
    return [json.loads(one)["rule"] for one in table.rules]


def _in_chain(table: Table, name: str) -> t.List[t.Any]:
    return [rule for rule in _rules(table) if rule["chain"] == name]


def _change_of_elements(verb: str, path: str, name: str, members: t.Sequence[str]) -> t.Iterator[str]:
    if members:
        yield f"{verb} element {path} {name} {{ {', '.join(members)} }}"


def _definition(path: str, found: Object) -> str:
    kind, values = next(iter(found.items()))
    if kind == "set":
        comment = f' comment "{values["comment"]}";' if "comment" in values else ""
        return f"add set {path} {values['name']} {{ type {values['type']};{comment} }}"
    if "hook" not in values:
        return f"add chain {path} {values['name']}"
    return (
        f"add chain {path} {values['name']} {{ type {values['type']} hook {values['hook']} "
        f"priority {values['prio']}; policy {values['policy']}; }}"
    )


def _rule(path: str, rule: Object) -> str:
    comment = f' comment "{rule["comment"]}"' if "comment" in rule else ""
    return f"add rule {path} {rule['chain']} {' '.join(map(_statement, rule['expr']))}{comment}"


def _statement(found: Object) -> str:
    kind, values = next(iter(found.items()))
    if kind != "match":
        return str(kind)
    left = values["left"]
    if "meta" in left:
        key = left["meta"]["key"]
        asked = key if key in _BARE else f"meta {key}"
    else:
        asked = f"{left['payload']['protocol']} {left['payload']['field']}"
    return f"{asked} {'' if values['op'] == '==' else values['op'] + ' '}{values['right']}"


def _gather(gathering: Gathering, table: Table) -> None:
    gathering.nft_tables.add((table.family, table.name))


def _gather_key(gathering: Gathering, key: Key) -> None:
    gathering.nft_tables.add((key[2], key[3]))


def _found(found: Found) -> t.Iterator[t.Tuple[Resource, str]]:
    for (family, name), objects in found.nft_tables.items():
        table = table_of(family, name, objects)
        yield table, _owner(table)


def _write(before: t.Optional[Table], after: t.Optional[Table], _numbers: Numbers) -> t.Iterator[KernelStep]:
    yield KernelStep(OWN_NAMESPACE, Transaction(transaction(before, after)))


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
