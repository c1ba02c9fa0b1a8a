# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The requests and answers of nf_tables, which nft(8) shows as tables, sets, chains and rules.

Layouts and numbers: linux/netfilter/nfnetlink.h, linux/netfilter/nf_tables.h; those of types and comments, which the
kernel only keeps: datatype.h of nftables, libnftnl/udata.h. All numbers in attributes are in network order.
"""

from __future__ import annotations

import socket
import struct
import typing as t

from .attributes import attribute, nested, text, walk
from .wire import NLM_F_APPEND, NLM_F_CREATE, NLM_F_DUMP, NLM_F_EXCL, Message

FAMILIES = {"inet": 1, "ip": 2, "bridge": 7, "ip6": 10}
HOOKS = ("prerouting", "input", "forward", "output", "postrouting")
POLICIES = ("drop", "accept")

DATA_VALUE, DATA_VERDICT = 1, 2
VERDICT_CODE, VERDICT_CHAIN = 1, 2
DROP, ACCEPT, JUMP, GOTO, RETURN = 0, 1, 0xFFFFFFFD, 0xFFFFFFFC, 0xFFFFFFFB

_SUBSYSTEM = 10
_BATCH_BEGIN, _BATCH_END = 16, 17
_NEWTABLE, _GETTABLE, _DELTABLE = 0, 1, 2
_NEWCHAIN, _GETCHAIN, _DELCHAIN = 3, 4, 5
_NEWRULE, _GETRULE, _DELRULE = 6, 7, 8
_NEWSET, _GETSET, _DELSET = 9, 10, 11
_NEWSETELEM, _GETSETELEM, _DELSETELEM = 12, 13, 14

_LIST_ELEM = 1
_TABLE_NAME, _TABLE_USERDATA = 1, 6
_CHAIN_TABLE, _CHAIN_NAME, _CHAIN_HOOK, _CHAIN_POLICY, _CHAIN_TYPE = 1, 3, 4, 5, 7
_HOOK_NUMBER, _HOOK_PRIORITY = 1, 2
_RULE_TABLE, _RULE_CHAIN, _RULE_EXPRESSIONS, _RULE_USERDATA = 1, 2, 4, 7
_EXPR_NAME, _EXPR_DATA = 1, 2
_SET_TABLE, _SET_NAME, _SET_FLAGS, _SET_KEY_TYPE, _SET_KEY_LEN = 1, 2, 3, 4, 5
_SET_DATA_TYPE, _SET_DATA_LEN, _SET_ID, _SET_USERDATA = 6, 7, 10, 13
_ELEMENTS_TABLE, _ELEMENTS_SET, _ELEMENTS = 1, 2, 3
_ELEM_KEY, _ELEM_DATA, _ELEM_FLAGS = 1, 2, 3

_COMMENT, _SET_COMMENT, _SET_KEY_BYTEORDER, _SET_DATA_BYTEORDER = 0, 7, 0, 1
_HOST_ORDER, _NETWORK_ORDER = 1, 2
# An attribute holds at most 64 KiB, and an element of one address needs 24 bytes.
_ELEMENTS_AT_ONCE = 1000

_U32 = struct.Struct("!I")
_S32 = struct.Struct("!i")
_NFGENMSG = struct.Struct("!BBH")

Attributes = t.Tuple[t.Tuple[int, t.Any], ...]


class Expression(t.NamedTuple):
    """A step of a rule: its name, such as cmp, and those of its attributes that say something."""

    name: str
    attributes: Attributes


class TableRule(t.NamedTuple):
    """A rule of a chain; `comment` is what nft shows beside it."""

    chain: str
    expressions: t.Tuple[Expression, ...]
    comment: str = ""


class Chain(t.NamedTuple):
    """A chain; one without a hook is entered from others only."""

    name: str
    hook: str = ""
    priority: int = 0
    kind: str = ""
    policy: str = "accept"


class Set(t.NamedTuple):
    """A set of keys, or a map from keys to chains or values.

    types: of nft's, such as ipv4_addr; of several, each key is all of them together.
    is_interval: its keys are ranges.
    is_map: each key leads to a chain, or to a value.
    value_type: of the values; empty for chains.
    """

    name: str
    types: t.Tuple[str, ...]
    comment: str = ""
    is_interval: bool = False
    is_map: bool = False
    value_type: str = ""


class Element(t.NamedTuple):
    """A key of a set.

    last: of a range, its last key.
    chain, value: of a map, what it leads to.
    """

    key: bytes
    last: bytes = b""
    chain: str = ""
    value: bytes = b""


class TableContent(t.NamedTuple):
    """What stands in a table.

    rules: in order.
    elements: the keys of each set, by its name.
    packets: how many each rule has counted, for each of the rules.
    """

    sets: t.Tuple[Set, ...]
    chains: t.Tuple[Chain, ...]
    rules: t.Tuple[TableRule, ...]
    elements: t.Mapping[str, t.FrozenSet[Element]]
    packets: t.Tuple[int, ...] = ()


def packets_by_comment(content: t.Optional[TableContent]) -> t.Dict[str, int]:
    """How many packets the rules of a table have counted, those with the same comment together."""
    packets: t.Dict[str, int] = {}
    for rule, number in zip(content.rules, content.packets) if content else ():
        packets[rule.comment] = packets.get(rule.comment, 0) + number
    return packets


class Forwarding(t.NamedTuple):
    """A table with a chain of the hook forward; rules are in order."""

    family: str
    name: str
    chains: t.Tuple[Chain, ...]
    rules: t.Tuple[TableRule, ...]


class _Type(t.NamedTuple):
    number: int
    length: int
    order: int


_TYPES = {
    "ipv4_addr": _Type(7, 4, _NETWORK_ORDER),
    "inet_proto": _Type(12, 1, _NETWORK_ORDER),
    "inet_service": _Type(13, 2, _NETWORK_ORDER),
    "ifname": _Type(41, 16, _HOST_ORDER),
}
# The types of a key of several: six bits each in the number of its type, whole words of four bytes in the key.
_TYPE_BITS = 6
_WORD = 4
_VERDICT_TYPE = 0xFFFFFF00
_INTERVAL, _MAP = 0x4, 0x8
_INTERVAL_END = 1
_TYPE_NAMES = {known.number: name for name, known in _TYPES.items()}

# The attributes of an expression that say what it does, with the form of those that hold others; what a kernel adds
# beside them (counts, what it had by default) is not compared.
_Form = t.Mapping[int, t.Any]
_DATA: _Form = {DATA_VALUE: None, DATA_VERDICT: {VERDICT_CODE: None, VERDICT_CHAIN: None}}
_FORMS: t.Mapping[str, _Form] = {
    "meta": {1: None, 2: None, 3: None},
    "payload": {1: None, 2: None, 3: None, 4: None},
    "cmp": {1: None, 2: None, 3: _DATA},
    "bitwise": {1: None, 2: None, 3: None, 4: _DATA, 5: _DATA},
    "lookup": {1: None, 2: None, 3: None, 5: None},
    "ct": {1: None, 2: None},
    "immediate": {1: None, 2: _DATA},
    "limit": {1: None, 2: None, 3: None, 4: None},
    "masq": {1: None, 2: None, 3: None},
    "nat": {1: None, 2: None, 3: None, 4: None, 5: None, 6: None, 7: None},
    "log": {2: None},
    "range": {1: None, 2: None, 3: _DATA, 4: _DATA},
    "reject": {1: None, 2: None},
    "counter": {},
}
_COUNTER_PACKETS = 2
# Of a look-up, what the kernel shows and nft does not say.
_NOT_INVERTED = (5, bytes(4))


def key_of(types: t.Sequence[str], *parts: str) -> bytes:
    """Encode a key of a set, given what it says of each of its types."""
    encoded = [_encode_part(kind, part) for kind, part in zip(types, parts)]
    if len(encoded) == 1:
        return encoded[0]
    return b"".join(part.ljust(_whole_words(len(part)), b"\0") for part in encoded)


def _whole_words(length: int) -> int:
    return -(-length // _WORD) * _WORD


def _encode_part(kind: str, written: str) -> bytes:
    if kind == "ipv4_addr":
        return socket.inet_aton(written)
    if kind == "ifname":
        return written.encode().ljust(_TYPES[kind].length, b"\0")
    return int(written).to_bytes(_TYPES[kind].length, "big")


def element_in_words(known: Set, element: Element) -> str:
    """Write an element of a set as nft does."""
    words = _key_in_words(known.types, element.key)
    if element.last and element.last != element.key:
        words += f"-{_key_in_words(known.types, element.last)}"
    if known.value_type:
        return f"{words} : {_key_in_words((known.value_type,), element.value)}"
    return f"{words} : {element.chain}" if element.chain else words


def _key_in_words(types: t.Sequence[str], key: bytes) -> str:
    words, offset = [], 0
    for kind in types:
        length = _TYPES[kind].length if kind in _TYPES else len(key)
        part = key[offset : offset + length]
        offset += _whole_words(length)
        if kind == "ipv4_addr" and len(part) == length:
            words.append(socket.inet_ntoa(part))
        elif kind == "ifname":
            words.append(_text(part))
        else:
            words.append(str(int.from_bytes(part, "big")))
    return " . ".join(words)


def _message(kind: int, flags: int, family: str, body: bytes) -> Message:
    return Message(_SUBSYSTEM << 8 | kind, flags, _NFGENMSG.pack(FAMILIES[family], 0, 0) + body)


def _u32(kind: int, value: int) -> bytes:
    return attribute(kind, _U32.pack(value))


def _remark(kind: int, comment: str) -> bytes:
    """Encode a comment as nft keeps one: number, length, and a zero-terminated text."""
    written = comment.encode() + b"\0"
    return bytes((kind, len(written))) + written if comment else b""


def batch_begin() -> Message:
    """Open a transaction."""
    return Message(_BATCH_BEGIN, 0, _NFGENMSG.pack(0, 0, _SUBSYSTEM))


def batch_end() -> Message:
    """Carry the transaction out."""
    return Message(_BATCH_END, 0, _NFGENMSG.pack(0, 0, _SUBSYSTEM))


def new_table(family: str, name: str, comment: str) -> Message:
    """Make a table that is not there."""
    userdata = attribute(_TABLE_USERDATA, _remark(_COMMENT, comment))
    return _message(_NEWTABLE, NLM_F_CREATE | NLM_F_EXCL, family, text(_TABLE_NAME, name) + userdata)


def delete_table(family: str, name: str) -> Message:
    """Delete a table with all that is in it."""
    return _message(_DELTABLE, 0, family, text(_TABLE_NAME, name))


def new_set(family: str, table: str, made: Set, number: int) -> Message:
    """Make a set; the number is the transaction's own for it, from 1."""
    types = [_TYPES[kind] for kind in made.types]
    key_type, length = 0, 0
    for known in types:
        key_type = key_type << _TYPE_BITS | known.number
        length += known.length if len(types) == 1 else _whole_words(known.length)
    order = struct.pack("=I", types[0].order if len(types) == 1 else 0)
    flags = (_INTERVAL if made.is_interval else 0) | (_MAP if made.is_map else 0)
    remarks = bytes((_SET_KEY_BYTEORDER, 4)) + order
    parts = [
        *(text(_SET_TABLE, table), text(_SET_NAME, made.name), _u32(_SET_FLAGS, flags)),
        *(_u32(_SET_KEY_TYPE, key_type), _u32(_SET_KEY_LEN, length), _u32(_SET_ID, number)),
    ]
    if made.value_type:
        value = _TYPES[made.value_type]
        parts += (_u32(_SET_DATA_TYPE, value.number), _u32(_SET_DATA_LEN, value.length))
        remarks += bytes((_SET_DATA_BYTEORDER, 4)) + struct.pack("=I", value.order)
    elif made.is_map:
        parts.append(_u32(_SET_DATA_TYPE, _VERDICT_TYPE))
    parts.append(attribute(_SET_USERDATA, remarks + _remark(_SET_COMMENT, made.comment)))
    return _message(_NEWSET, NLM_F_CREATE | NLM_F_EXCL, family, b"".join(parts))


def delete_set(family: str, table: str, name: str) -> Message:
    """Delete a set that no rule uses."""
    return _message(_DELSET, 0, family, text(_SET_TABLE, table) + text(_SET_NAME, name))


def add_elements(family: str, table: str, name: str, elements: t.Iterable[Element]) -> t.Iterator[Message]:
    """Add elements to a set."""
    return _change_elements(_NEWSETELEM, NLM_F_CREATE, family, table, name, elements)


def delete_elements(family: str, table: str, name: str, elements: t.Iterable[Element]) -> t.Iterator[Message]:
    """Delete elements from a set."""
    return _change_elements(_DELSETELEM, 0, family, table, name, elements)


def _change_elements(
    kind: int, flags: int, family: str, table: str, name: str, elements: t.Iterable[Element]
) -> t.Iterator[Message]:
    where = text(_ELEMENTS_TABLE, table) + text(_ELEMENTS_SET, name)
    encoded = [part for element in elements for part in _encode_element(element)]
    for start in range(0, len(encoded), _ELEMENTS_AT_ONCE):
        members = b"".join(encoded[start : start + _ELEMENTS_AT_ONCE])
        yield _message(kind, flags, family, where + nested(_ELEMENTS, members))


def _encode_element(element: Element) -> t.Iterator[bytes]:
    parts = nested(_ELEM_KEY, attribute(DATA_VALUE, element.key))
    if element.chain:
        verdict = _u32(VERDICT_CODE, GOTO) + text(VERDICT_CHAIN, element.chain)
        parts += nested(_ELEM_DATA, nested(DATA_VERDICT, verdict))
    elif element.value:
        parts += nested(_ELEM_DATA, attribute(DATA_VALUE, element.value))
    yield nested(_LIST_ELEM, parts)
    if element.last:
        # The first key that is outside; the last of all ranges needs none.
        after = (int.from_bytes(element.last, "big") + 1).to_bytes(len(element.last) + 1, "big")
        if not after[0]:
            end = nested(_ELEM_KEY, attribute(DATA_VALUE, after[1:])) + _u32(_ELEM_FLAGS, _INTERVAL_END)
            yield nested(_LIST_ELEM, end)


def new_chain(family: str, table: str, chain: Chain) -> Message:
    """Make a chain."""
    body = text(_CHAIN_TABLE, table) + text(_CHAIN_NAME, chain.name)
    if chain.hook:
        place = _u32(_HOOK_NUMBER, HOOKS.index(chain.hook)) + attribute(_HOOK_PRIORITY, _S32.pack(chain.priority))
        policy = _u32(_CHAIN_POLICY, POLICIES.index(chain.policy))
        body += nested(_CHAIN_HOOK, place) + policy + text(_CHAIN_TYPE, chain.kind)
    return _message(_NEWCHAIN, NLM_F_CREATE | NLM_F_EXCL, family, body)


def delete_chain(family: str, table: str, name: str) -> Message:
    """Delete a chain without rules, to which nothing leads."""
    return _message(_DELCHAIN, 0, family, text(_CHAIN_TABLE, table) + text(_CHAIN_NAME, name))


def append_rule(family: str, table: str, rule: TableRule) -> Message:
    """Add a rule at the end of its chain."""
    steps = (
        nested(_LIST_ELEM, text(_EXPR_NAME, step.name), nested(_EXPR_DATA, _encode(step.attributes)))
        for step in rule.expressions
    )
    body = text(_RULE_TABLE, table) + text(_RULE_CHAIN, rule.chain) + nested(_RULE_EXPRESSIONS, *steps)
    if rule.comment:
        body += attribute(_RULE_USERDATA, _remark(_COMMENT, rule.comment))
    return _message(_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, family, body)


def flush_chain(family: str, table: str, chain: str) -> Message:
    """Delete all rules of a chain."""
    return _message(_DELRULE, 0, family, text(_RULE_TABLE, table) + text(_RULE_CHAIN, chain))


def _encode(attributes: Attributes) -> bytes:
    return b"".join(
        nested(number, _encode(value)) if isinstance(value, tuple) else attribute(number, value)
        for number, value in attributes
    )


def get_table(family: str, name: str) -> Message:
    """Ask for a table."""
    return _message(_GETTABLE, 0, family, text(_TABLE_NAME, name))


def dump_sets(family: str, table: str) -> Message:
    """Ask for the sets of a table."""
    return _message(_GETSET, NLM_F_DUMP, family, text(_SET_TABLE, table))


def dump_elements(family: str, table: str, name: str) -> Message:
    """Ask for the keys of a set."""
    return _message(_GETSETELEM, NLM_F_DUMP, family, text(_ELEMENTS_TABLE, table) + text(_ELEMENTS_SET, name))


def dump_chains(family: str) -> Message:
    """Ask for the chains of all tables of a family; kernels before 6.3 do not choose by table."""
    return _message(_GETCHAIN, NLM_F_DUMP, family, b"")


def dump_rules(family: str, table: str) -> Message:
    """Ask for the rules of a table."""
    return _message(_GETRULE, NLM_F_DUMP, family, text(_RULE_TABLE, table))


def _attributes(data: bytes, offset: int, end: int) -> t.Dict[int, bytes]:
    return {number: data[start:stop] for number, start, stop in walk(data, offset + _NFGENMSG.size, end)}


def _inner(data: bytes) -> t.Dict[int, bytes]:
    return {number: data[start:stop] for number, start, stop in walk(data, 0, len(data))}


def _text(data: bytes) -> str:
    return data.rstrip(b"\0").decode(errors="replace")


def _number(data: bytes) -> int:
    return int(_U32.unpack(data)[0]) if len(data) == _U32.size else 0


def _comment(userdata: bytes, wanted: int) -> str:
    offset = 0
    while offset + 2 <= len(userdata):
        kind, length = userdata[offset], userdata[offset + 1]
        if kind == wanted:
            return _text(userdata[offset + 2 : offset + 2 + length])
        offset += 2 + length
    return ""


def parse_set(data: bytes, offset: int, end: int) -> Set:
    """Read a set; a type that we never use is its number, and so are flags that we never set."""
    found = _attributes(data, offset, end)
    types: t.List[str] = []
    number = _number(found[_SET_KEY_TYPE])
    while number:
        kind = number & ((1 << _TYPE_BITS) - 1)
        types.insert(0, _TYPE_NAMES.get(kind, str(kind)))
        number >>= _TYPE_BITS
    flags = _number(found.get(_SET_FLAGS, b""))
    if flags & ~(_INTERVAL | _MAP):
        types.append(f"flags {flags}")
    comment = _comment(found.get(_SET_USERDATA, b""), _SET_COMMENT)
    is_map, value_type = bool(flags & _MAP), ""
    if is_map and _number(found[_SET_DATA_TYPE]) != _VERDICT_TYPE:
        value_type = _TYPE_NAMES.get(_number(found[_SET_DATA_TYPE]), str(_number(found[_SET_DATA_TYPE])))
    return Set(_text(found[_SET_NAME]), tuple(types), comment, bool(flags & _INTERVAL), is_map, value_type)


def parse_elements(data: bytes, offset: int, end: int) -> t.Iterator[t.Tuple[Element, bool]]:
    """Read a part of the elements of a set: each key by itself, and whether it is the first after a range."""
    found = _attributes(data, offset, end).get(_ELEMENTS, b"")
    for _kind, start, stop in walk(found, 0, len(found)):
        parts = {number: found[first:last] for number, first, last in walk(found, start, stop)}
        element = Element(_inner(parts[_ELEM_KEY])[DATA_VALUE])
        if _ELEM_DATA in parts:
            leads_to = _inner(parts[_ELEM_DATA])
            chain = _text(_inner(leads_to.get(DATA_VERDICT, b"")).get(VERDICT_CHAIN, b""))
            element = element._replace(chain=chain, value=leads_to.get(DATA_VALUE, b""))
        yield element, bool(_number(parts.get(_ELEM_FLAGS, b"")) & _INTERVAL_END)


def elements_from(known: Set, parts: t.Iterable[t.Tuple[Element, bool]]) -> t.FrozenSet[Element]:
    """Put the elements of a set together of what was read of them."""
    if not known.is_interval:
        return frozenset(element for element, _is_end in parts)
    elements, last = [], b""
    # From above: the key before which a range ends is met first.
    for element, is_end in sorted(parts, reverse=True):
        key = element.key
        if not is_end:
            elements.append(element._replace(last=last or b"\xff" * len(key)))
            last = b""
        elif any(key):
            # nft itself ends a range of nothing at the lowest key.
            last = (int.from_bytes(key, "big") - 1).to_bytes(len(key), "big")
    return frozenset(elements)


def parse_chain(data: bytes, offset: int, end: int) -> t.Tuple[str, Chain]:
    """Read the table of a chain, and the chain."""
    found = _attributes(data, offset, end)
    table, name = _text(found[_CHAIN_TABLE]), _text(found[_CHAIN_NAME])
    if _CHAIN_HOOK not in found:
        return table, Chain(name)
    hook = _inner(found[_CHAIN_HOOK])
    number = _number(hook[_HOOK_NUMBER])
    return table, Chain(
        name,
        HOOKS[number] if number < len(HOOKS) else str(number),
        _S32.unpack(hook[_HOOK_PRIORITY])[0],
        _text(found.get(_CHAIN_TYPE, b"")),
        POLICIES[_number(found.get(_CHAIN_POLICY, b"")) & 1],
    )


def parse_rule(data: bytes, offset: int, end: int) -> t.Tuple[TableRule, int]:
    """Read a rule, and how many packets its first counter has counted."""
    found = _attributes(data, offset, end)
    steps, packets = [], 0
    listed = found.get(_RULE_EXPRESSIONS, b"")
    for _kind, start, stop in walk(listed, 0, len(listed)):
        parts = {number: listed[first:last] for number, first, last in walk(listed, start, stop)}
        name, content = _text(parts[_EXPR_NAME]), parts.get(_EXPR_DATA, b"")
        if name == "counter" and not packets:
            packets = int.from_bytes(_inner(content).get(_COUNTER_PACKETS, b""), "big")
        steps.append(Expression(name, _decode(content, _FORMS.get(name))))
    comment = _comment(found.get(_RULE_USERDATA, b""), _COMMENT)
    return TableRule(_text(found[_RULE_CHAIN]), tuple(steps), comment), packets


def _decode(data: bytes, form: t.Optional[_Form]) -> Attributes:
    """Read attributes in a form in which equal ones are equal; of an unknown expression, all of them."""
    if form is None:
        return ((0, data),)
    found = []
    for number, start, stop in walk(data, 0, len(data)):
        if number in form and (number, data[start:stop]) != _NOT_INVERTED:
            inner = form[number]
            found.append((number, data[start:stop] if inner is None else _decode(data[start:stop], inner)))
    return tuple(sorted(found))
