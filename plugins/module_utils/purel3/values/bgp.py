# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Single values of BGP sessions, read as those in scalars."""

from __future__ import annotations

import re
import typing as t
from ipaddress import IPv4Address, IPv4Network

from .interface import is_of_host
from .scalars import BadValue, ipv4, network

MOST_REFLECTORS = 5

_COMMUNITY = re.compile(r"([0-9]{1,5}):([0-9]{1,5})")
# One expression, in which the second pattern finds texts, names before a bracket, and brackets.
_TEMPLATE = re.compile(r"\{\{((?:(?!\}\}).)*)\}\}", re.DOTALL)
_TOKEN = re.compile(
    r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[A-Za-z_][\w.]*\s*[(\[]|[A-Za-z_]\w*|[])]\s*\[|[][()]""", re.DOTALL
)
# What they are given is what they return.
_DEFAULTS = ("default(", "d(")
_RULE = re.compile(r"([0-9]{1,10}) *\+ *last_octet")
_GATEWAY = IPv4Address("169.254.1.1")
_ROUTER_REMEDY = "write the address by which the node reaches it"
_RULE_REMEDY = "write one such as 64512, or the rule '50000 + last_octet' for one of each node's own"


def within(low: int, high: int, what: str = "") -> t.Callable[[int], int]:
    """A parser that accepts a range of numbers; `what` is their unit, for messages."""

    def parse(number: int) -> int:
        if not low <= number <= high:
            raise BadValue("is out of range", f"use {low} to {high}{f' {what}' if what else ''}")
        return number

    return parse


ecmp_paths = within(1, 255)
port = within(1, 65535)


def community(text: str) -> str:
    """A BGP community, such as 64512:100; without leading zeros."""
    found = _COMMUNITY.fullmatch(text)
    if found is None or max(int(found[1]), int(found[2])) > 65535:
        raise BadValue("is not a community", "write two numbers from 0 to 65535, such as '64512:100'")
    return f"{int(found[1])}:{int(found[2])}"


def cluster_id(text: str) -> IPv4Address:
    """The identifier of a route reflector's cluster, which is usually its router id, and so what can be one."""
    parsed = ipv4(text, "write one in the form of an IPv4 address, such as 1.0.0.1")
    if int(parsed) == 0 or parsed >= IPv4Address("224.0.0.0"):
        raise BadValue("is not a cluster id", "use 0.0.0.1 to 223.255.255.255")
    return parsed


def peer_address(text: str) -> IPv4Address:
    """Where a router outside of the fabric answers."""
    if "/" in text:
        raise BadValue("has a prefix length", f"write {text.partition('/')[0]}")
    parsed = ipv4(text, "write the router's, such as 192.168.50.1")
    if parsed == _GATEWAY:
        raise BadValue("is every workload's gateway, for which the node itself answers", _ROUTER_REMEDY)
    if not parsed.is_link_local and is_of_host(text) is False:
        raise BadValue("cannot be a router's", _ROUTER_REMEDY)
    return parsed


def aggregate(text: str) -> IPv4Network:
    """A prefix that is announced in place of the blocks inside of it."""
    return network(text)


def is_template(text: str) -> bool:
    """Whether a text is nothing but an expression for Ansible to evaluate, as `{{ NAME }}` is.

    A text within it may be what a function or a variable is asked for, but not what the expression amounts to.
    """
    found = _TEMPLATE.fullmatch(text.strip())
    if found is None:
        return False
    around: t.List[str] = [""]
    has_name = False
    for token in (match[0].replace(" ", "") for match in _TOKEN.finditer(found[1])):
        if token[0] in "'\"":
            if len(token) > 2 and (around[-1] in ("", "(", "[") or around[-1] in _DEFAULTS):
                return False
        elif token[-1] in "([":
            has_name = has_name or token[0] not in "()[]"
            around += [token]
        elif token in ("]", ")"):
            around = around[:-1] or [""]
        else:
            has_name = True
    return has_name


def as_number_rule(text: str) -> int:
    """The number in a rule that gives each node an AS number of its own: `NUMBER + last_octet` of its address."""
    found = _RULE.fullmatch(text.strip())
    if found is None:
        raise BadValue("is neither an AS number nor a rule for one", _RULE_REMEDY)
    return int(found[1])
