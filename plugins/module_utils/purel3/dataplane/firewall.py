# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Firewalls that drop what a node forwards: what docker and firewalld make of a host. Pure.

Whether a rule of theirs lets a workload's packets through after all, only packets can tell.
"""

from __future__ import annotations

import typing as t

from ..kernel.nf_tables import DATA_VALUE, Expression, Forwarding, TableRule
from ..state.kinds.expressions import ACCEPT, DROP, load, meta

_FIREWALLD = "firewalld"
_OF_USERS = "DOCKER-USER"
# What a rule does beside its verdict, and that does not keep any packet from it.
_PLAIN = ("counter", "log")
_OURS = "cali"
_BOTH_WAYS = {load(meta("iifname")), load(meta("oifname"))}
_EQUAL = bytes(4)


class Blocker(t.NamedTuple):
    """A chain of the hook forward that ends in refusing packets.

    how: by its policy, or by a rule.
    has_users_chain: whether the table has docker's chain for rules of users.
    """

    table: str
    chain: str
    how: str
    has_users_chain: bool = False

    @property
    def text(self) -> str:
        """What it does, and the remedy."""
        return (
            f"table {self.table}, chain {self.chain}, drops what no rule of it accepts ({self.how}), so also what "
            f"workloads send and get; {self._remedy}"
        )

    @property
    def _remedy(self) -> str:
        if self.table.endswith(_FIREWALLD):
            return "put the pools into a zone that forwards: firewall-cmd --permanent --zone=trusted --add-source=POOL"
        if self.chain == "FORWARD":
            chain = _OF_USERS if self.has_users_chain else self.chain
            return f"accept that: iptables -I {chain} -i cali+ -j ACCEPT, iptables -I {chain} -o cali+ -j ACCEPT"
        insert = f"nft insert rule {self.table} {self.chain}"
        return f"""accept that: {insert} iifname "cali*" accept, {insert} oifname "cali*" accept"""


def blockers(tables: t.Iterable[Forwarding], iptables: t.Sequence[str] = ()) -> t.List[Blocker]:
    """Find who drops what is forwarded, but for tables that have been told to accept what workloads send and get.

    iptables: what the iptables of before nftables has in its chain FORWARD, a line a rule.
    """
    found = []
    for table in tables:
        has_users_chain = any(chain.name == _OF_USERS for chain in table.chains)
        for chain in table.chains if not _has_accepted_ours(table.rules) else ():
            if (chain.hook, chain.kind) == ("forward", "filter"):
                verdict = _end([rule for rule in table.rules if rule.chain == chain.name])
                how = f"its last rule is {verdict}" if verdict else f"policy {chain.policy}"
                if "accept" not in how:
                    found.append(Blocker(f"{table.family} {table.name}", chain.name, how, has_users_chain))
    how = _end_of_iptables(iptables)
    return [*found, *([Blocker("ip filter (iptables-legacy)", "FORWARD", how)] if how else [])]


def _end(rules: t.Iterable[TableRule]) -> str:
    """Find what becomes of packets that no other rule of a chain is about; empty where its policy says."""
    for rule in rules:
        steps = [step for step in rule.expressions if step.name not in _PLAIN]
        verdict = _verdict(steps[-1]) if len(steps) == 1 else ""
        if verdict:
            return verdict
    return ""


def _verdict(step: Expression) -> str:
    """Read accept, drop or reject; empty for whatever else a step does, such as a jump."""
    return {ACCEPT: "accept", DROP: "drop"}.get(step, step.name if step.name == "reject" else "")


def _has_accepted_ours(rules: t.Iterable[TableRule]) -> bool:
    accepting = [rule.expressions for rule in rules if rule.expressions and _verdict(rule.expressions[-1]) == "accept"]
    asked = {
        loaded
        for steps in accepting
        for loaded, compared in zip(steps, steps[1:])
        if compared.name == "cmp" and dict(compared.attributes).get(2) == _EQUAL
        if dict(dict(compared.attributes)[3]).get(DATA_VALUE, b"").startswith(_OURS.encode())
    }
    return asked >= _BOTH_WAYS


def _end_of_iptables(lines: t.Sequence[str]) -> str:
    if all(any(f"{way} {_OURS}" in line and line.endswith("-j ACCEPT") for line in lines) for way in ("-i", "-o")):
        return ""
    for line in lines:
        words = line.split()
        if words[:3] == ["-A", "FORWARD", "-j"] and words[3] in ("ACCEPT", "DROP", "REJECT"):
            return "" if words[3] == "ACCEPT" else f"its last rule is {words[3]}"
    return "policy drop" if "-P FORWARD DROP" in lines else ""
