# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of BGP sessions, one row each: whoever reads, writes, compares or documents one follows from its row."""

from __future__ import annotations

import typing as t

from .effects import NONE, REFILTER, RESTART

AUTO = "auto"


class Form(t.NamedTuple):
    """What a value may be; `session_reading` reads it, by the reader of this name.

    low, high: the smallest and the largest number.
    unit: of the numbers, for messages.
    choices: the words that it may be.
    """

    name: str
    low: int = 0
    high: int = 0
    unit: str = ""
    choices: t.Tuple[str, ...] = ()


def number(low: int, high: int, unit: str = "") -> Form:
    return Form("number", low, high, unit)


def word(*choices: str) -> Form:
    return Form("word", choices=choices)


TRUTH = Form("truth")
TRUTH_OR_AUTO = Form("truth", choices=(AUTO,))
AS_NUMBER = Form("AS number")
ADDRESS = Form("address of the node")
COMMUNITIES = Form("communities")
AGGREGATES = Form("aggregates")
PAUSES = Form("pauses", 1, 3600, "seconds")
# Named in the fabric file, written out in the variables of a node.
IMPORT_RULES = Form("import rules")
EXPORT_RULES = Form("export rules")
RULES = (IMPORT_RULES, EXPORT_RULES)

# Of what an option may be said.
OF_ALL = "all sessions"
OF_ONE = "one session"
OF_BOTH = "all sessions, or one"


class SessionOption(t.NamedTuple):
    """One option of BGP sessions.

    where: of what it may be said.
    default: what holds where nothing is said, as the reader gives it; None for what BIRD then does.
    words: how statements about it begin in bird.conf.
    is_plain: `WORDS VALUE;` in the session is all that it becomes, so that nobody else needs to know it.
    is_in_channel: it stands in the channel of the session.
    effect: what a change of it does to a session that is up.
    since: the first versions of BIRD 2 and of BIRD 3 that know it; empty for all that the collection runs with.
    is_of_near_end: in a session of two nodes it holds for the node that names the other.
    has_variable: the role has a variable of it for all sessions; otherwise each peer carries it.
    """

    form: Form
    where: str = OF_BOTH
    default: t.Any = None
    words: t.Tuple[str, ...] = ()
    is_plain: bool = False
    is_in_channel: bool = False
    effect: str = RESTART
    since: t.Tuple[str, ...] = ()
    is_of_near_end: bool = False
    has_variable: bool = True


def _plain(form: Form, words: str, default: t.Any = None, since: t.Tuple[str, ...] = ()) -> SessionOption:
    return SessionOption(form, default=default, words=(words,), is_plain=True, since=since)


def _filtering(form: Form, words: str, default: t.Any = None, *, has_variable: bool = False) -> SessionOption:
    return SessionOption(
        form,
        default=default,
        words=(words,),
        is_in_channel=True,
        effect=REFILTER,
        is_of_near_end=True,
        has_variable=has_variable,
    )


def _limit_action(words: str) -> SessionOption:
    actions = word("warn", "block", "restart", "disable")
    return SessionOption(actions, default="block", words=(words,), is_in_channel=True, effect=NONE)


# By name; plain ones are written in this order.
OPTIONS: t.Mapping[str, SessionOption] = {
    "local_as_number": SessionOption(AS_NUMBER, OF_ONE, words=("local",), is_of_near_end=True, has_variable=False),
    "source_address": SessionOption(ADDRESS, OF_ONE, words=("local",), is_of_near_end=True, has_variable=False),
    "multihop": SessionOption(number(1, 255), OF_ONE, words=("multihop",), has_variable=False),
    "allow_local_as": SessionOption(
        number(0, 10), OF_ONE, words=("allow local as",), is_plain=True, is_of_near_end=True, has_variable=False
    ),
    "carries_blocks": SessionOption(
        TRUTH, OF_ONE, False, ("import",), is_in_channel=True, effect=REFILTER, is_of_near_end=True, has_variable=False
    ),
    "passive": SessionOption(TRUTH, OF_ONE, False, words=("passive",), is_of_near_end=True, has_variable=False),
    "ttl_security": SessionOption(TRUTH_OR_AUTO, default=AUTO, words=("ttl security",)),
    "bfd": SessionOption(TRUTH, default=False, words=("bfd",), effect=NONE),
    "bfd_interval": SessionOption(number(10, 60000, "milliseconds"), OF_ALL, 300, effect=NONE),
    "bfd_multiplier": SessionOption(number(1, 255), OF_ALL, 3, effect=NONE),
    "graceful_restart_time": _plain(number(1, 4095, "seconds"), "graceful restart time", 30),
    "hold_time": _plain(number(3, 65535, "seconds"), "hold time", 90),
    "keepalive_time": _plain(number(1, 21845, "seconds"), "keepalive time"),
    "send_hold_time": _plain(number(0, 65535, "seconds, 0 for no limit"), "send hold time", since=("2.15", "3.0")),
    "connect_delay_time": _plain(number(1, 3600, "seconds"), "connect delay time", 1),
    "connect_retry_time": _plain(number(1, 3600, "seconds"), "connect retry time", 5),
    "error_wait_time": _plain(PAUSES, "error wait time", (1, 30)),
    "default_local_preference": _plain(number(0, 2**32 - 1), "default bgp_local_pref"),
    "next_hop": SessionOption(
        word("default", "self", "keep"),
        default="default",
        words=("next hop self", "next hop keep"),
        is_in_channel=True,
        effect=REFILTER,
    ),
    "communities": _filtering(COMMUNITIES, "export", (), has_variable=True),
    "import_limit": SessionOption(number(1, 2**31), words=("import limit",), is_in_channel=True, effect=NONE),
    "import_limit_action": _limit_action("import limit"),
    "receive_limit": SessionOption(number(1, 2**31), words=("receive limit",), is_in_channel=True, effect=NONE),
    "receive_limit_action": _limit_action("receive limit"),
    "import_filter": _filtering(IMPORT_RULES, "import"),
    "export_filter": _filtering(EXPORT_RULES, "export"),
    "aggregates": _filtering(AGGREGATES, "export", ()),
}
DEFAULTS: t.Mapping[str, t.Any] = {name: option.default for name, option in OPTIONS.items()}
