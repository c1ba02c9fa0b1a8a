# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One mapping of the fabric file, read key by key; what does not fit becomes a fault."""

from __future__ import annotations

import re
import typing as t

from ...values.names import nearest
from ...values.scalars import BadValue
from .document import Located, Path
from .report import Report

T = t.TypeVar("T")

_DECIMAL = re.compile(r"[+-]?(?:0|[1-9][0-9]*)")
_NO_VALUE = "write a value after it, or remove it"
_PLAIN_TEXT = re.compile(r"[!-~]+")


class Section:
    """A mapping with known keys.

    report: takes lines and faults.
    title: what messages call it; empty for the file itself.
    path: the keys that lead to it.
    located: the value that should be a mapping.
    keys: the keys it may have, or None when they are names of the user's.
    """

    def __init__(
        self,
        report: Report,
        title: str,
        path: Path,
        located: Located,
        keys: t.Optional[t.Sequence[str]] = None,
    ) -> None:
        self.title = title
        self.path = path
        self.line = located.line
        self.is_mapping = isinstance(located.value, t.Mapping)
        self._report = report
        self._items: t.Mapping[str, Located] = {}
        report.places.note(path, located.line)
        if located.is_refused:
            return
        if not isinstance(located.value, t.Mapping):
            problem = f"{title or 'the file'} {describe(located, 'a mapping of keys to values')}"
            report.faults.add(located.line, problem, "write its keys below it")
            return
        self._items = located.value
        for key, item in located.value.items():
            report.places.note((*path, key), item.line)
            if keys is not None and key not in keys:
                self.fault(item.line, f"unknown key {show(key)}", _key_remedy(key, keys))

    @property
    def fault_count(self) -> int:
        """How many faults of the whole file are noted."""
        return len(self._report.faults)

    def __contains__(self, key: str) -> bool:
        return key in self._items

    def items(self) -> t.ItemsView[str, Located]:
        """The values by key, in the file's order."""
        return self._items.items()

    def get(self, key: str) -> t.Optional[Located]:
        """A value as it stands, or None."""
        return self._items.get(key)

    def value(self, key: str) -> object:
        """A value without its line, or None."""
        item = self._items.get(key)
        return None if item is None else item.value

    def mapping(self, key: str) -> t.Mapping[str, Located]:
        """A mapping in this one, without any check: the values by key; empty where there is no mapping."""
        found = self.value(key)
        return found if isinstance(found, t.Mapping) else {}

    def check_name(self, kind: str, name: str, item: Located, parse: t.Callable[[str], str]) -> None:
        """Note a fault when a key of this mapping cannot be a name, for which parse raises BadValue."""
        try:
            parse(name)
        except BadValue as bad:
            self.fault(item.line, f"{kind} {show(name)} {bad.problem}", bad.remedy)

    def fault(self, line: int, problem: str, remedy: str) -> None:
        """Note a fault of this mapping; the problem is told without the mapping's title."""
        self._report.faults.add(line, f"{self.title}: {problem}" if self.title else problem, remedy)

    def missing(self, key: str, remedy: str) -> None:
        """Note that a key must be there."""
        self.fault(self.line, f"{key} is missing", remedy)

    def line_of(self, key: str) -> int:
        """The line of a value, or this mapping's when it has no such key."""
        return self._report.places.line(*self.path, key)

    def entry(self, key: str, item: Located, title: str, keys: t.Optional[t.Sequence[str]] = None) -> Section:
        """A value of this mapping, or of a list in it, as a mapping of its own; without items when it is none.

        The title is what messages call it; keys of None are names of the user's.
        """
        return Section(self._report, title, (*self.path, key), item, keys)

    def section(self, key: str, title: str, keys: t.Optional[t.Sequence[str]] = None) -> Section:
        """A mapping in this one, as `entry` gives it; without items when there is none."""
        item = self.get(key)
        return self.entry(key, Located(None, self.line, is_refused=True) if item is None else item, title, keys)

    def note(self, key: str, line: int) -> None:
        """Remember the line of something that checks will look for under another key than the file's."""
        self._report.places.note((*self.path, key), line)

    def sequence(self, key: str) -> t.Sequence[Located]:
        """The items of a list; none when there is no list."""
        item = self.get(key)
        return () if item is None else self.parse_list(key, item) or ()

    def parse_list(self, what: str, item: Located) -> t.Optional[t.Sequence[Located]]:
        """One list; None when the value is none."""
        if item.is_refused:
            return None
        if not isinstance(item.value, t.Sequence) or isinstance(item.value, str):
            self.complain(what, item, describe(item, "a list"), "write each item on a line that begins with '- '")
            return None
        return item.value

    def complain(self, what: str, item: Located, problem: str, remedy: str) -> None:
        """Note what is wrong with a value, without showing it."""
        self.fault(item.line, f"{what} {problem}", remedy)

    def text(self, key: str, parse: t.Callable[[str], T]) -> t.Optional[T]:
        """A value that is text, parsed; None when there is no usable value, for which parse raises BadValue."""
        item = self.get(key)
        return None if item is None else self.parse_text(key, item, parse)

    def parse_text(self, what: str, item: Located, parse: t.Callable[[str], T]) -> t.Optional[T]:
        """One text, which messages call `what`, parsed; None when it is not usable."""
        if item.is_refused:
            return None
        if not isinstance(item.value, str):
            self.fault(item.line, f"{what} {describe(item, 'text')}", _text_remedy(item, parse))
            return None
        return self._parse(what, item, item.value, parse)

    def number(self, key: str, parse: t.Callable[[int], T]) -> t.Optional[T]:
        """A whole number, parsed; None when there is no usable value, for which parse raises BadValue."""
        item = self.get(key)
        return None if item is None else self.parse_number(key, item, parse)

    def parse_number(self, what: str, item: Located, parse: t.Callable[[int], T]) -> t.Optional[T]:
        """One whole number, which messages call `what`, parsed; None when it is not usable."""
        if item.is_refused:
            return None
        if isinstance(item.value, bool) or not isinstance(item.value, int):
            remedy = _NO_VALUE if item.value is None else "write it in digits, without quotes"
            self.fault(item.line, f"{what} {describe(item, 'a whole number')}", remedy)
            return None
        if not _DECIMAL.fullmatch(item.text):
            problem = f"{what} {item.text} is read as {item.value} by YAML"
            self.fault(item.line, problem, "write a plain decimal number, without leading zeros")
            return None
        return self._parse(what, item, item.value, parse)

    def boolean(self, key: str) -> t.Optional[bool]:
        """True or false; None when there is no usable value."""
        item = self.get(key)
        found = None if item is None else self.parse_truth(key, item)
        return found if isinstance(found, bool) else None

    def parse_truth(self, what: str, item: Located, others: t.Sequence[str] = ()) -> t.Union[bool, str, None]:
        """One truth, or one of other words; None when the value is neither."""
        if item.is_refused:
            return None
        if isinstance(item.value, bool) or item.value in others:
            return t.cast(t.Union[bool, str], item.value)
        wanted = f"one of {', '.join([*others, 'true and false'])}" if others else "a boolean"
        remedy = "write one of them" if others else "write true or false, without quotes"
        self.complain(what, item, describe(item, wanted), remedy)
        return None

    def _parse(self, what: str, item: Located, value: t.Any, parse: t.Callable[[t.Any], T]) -> t.Optional[T]:
        try:
            return parse(value)
        except BadValue as bad:
            self.fault(item.line, f"{what} {show(str(value))} {bad.problem}", bad.remedy)
            return None


def show(text: str) -> str:
    """A value as messages show it: one line of printable characters, quoted when it would otherwise be misread."""
    if len(text) > 80:
        text = f"{text[:77]}..."
    return text if _PLAIN_TEXT.fullmatch(text) else ascii(text)


def describe(item: Located, wanted: str) -> str:
    """What a value of the wrong type is, to follow its key: `is the number 5, not text`."""
    return f"{_kind(item)}, not {wanted}"


def nearest_remedy(word: str, known: t.Iterable[str]) -> str:
    """What to do about a word that is not known: the nearest known word, or all of them when none is near."""
    choices = sorted(known)
    near = nearest(word, choices)
    if near:
        return f"did you mean {near!r}?"
    if not choices:
        return "there is none yet"
    return f"choose from {', '.join(choices[:20])}{' and others' if len(choices) > 20 else ''}"


def _kind(item: Located) -> str:
    if item.value is None:
        return "is empty"
    if isinstance(item.value, bool) and item.text.lower() == str(item.value).lower():
        return f"is the boolean {item.text}"
    if isinstance(item.value, bool):
        return f"is {item.text}, which YAML reads as {str(item.value).lower()}"
    if isinstance(item.value, (int, float)):
        return f"is the number {item.text}"
    if isinstance(item.value, str):
        return (
            f"is the text {show(item.value)!r}"
            if _PLAIN_TEXT.fullmatch(item.value)
            else f"is the text {show(item.value)}"
        )
    return "is a mapping" if isinstance(item.value, t.Mapping) else "is a list"


def _text_remedy(item: Located, parse: t.Callable[[str], t.Any]) -> str:
    if not isinstance(item.value, (bool, int, float)):
        return _NO_VALUE if item.value is None else "write one text"
    try:
        parse(item.text)
    except BadValue as bad:
        return bad.remedy
    return f'write it in quotes: "{item.text}"'


def _key_remedy(key: str, known: t.Sequence[str]) -> str:
    if key.startswith("ansible_") and "vars" in known:
        return "write it below vars"
    return nearest_remedy(key, known)
