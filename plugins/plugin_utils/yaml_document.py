# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""YAML text to located values: every value keeps its line, and nothing is lost in silence."""

from __future__ import annotations

import typing as t
from dataclasses import replace

import yaml
from yaml.constructor import SafeConstructor
from yaml.error import MarkedYAMLError, YAMLError
from yaml.events import CollectionEndEvent, CollectionStartEvent
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from yaml.reader import ReaderError

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.fabric.file.document import Faults, Located
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.fabric.file.section import show

_LOADER: t.Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG = "tag:yaml.org,2002:"
_MERGE = f"{_TAG}merge"
_KINDS_READ_AS_TEXT = (f"{_TAG}str", f"{_TAG}timestamp", f"{_TAG}value")
_KINDS_READ_AS_VALUES = (f"{_TAG}int", f"{_TAG}float", f"{_TAG}bool", f"{_TAG}null")
_DEEPEST = 100
_LARGEST = 1000000
_VAULT = "$ANSIBLE_VAULT"


def load(text: str, faults: Faults) -> t.Optional[Located]:
    """Read one YAML document, None where the file holds none; `faults` takes what is not YAML, or not plain data."""
    if text.startswith(_VAULT):
        faults.add(1, "the file is encrypted", "keep the fabric file readable, and secrets in host_vars or group_vars")
        return None
    try:
        if not _is_flat(text, faults):
            return None
        node = yaml.compose(text, Loader=_LOADER)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark is not None else 1
        column = f" at column {mark.column + 1}" if mark is not None else ""
        reason = ", ".join(part for part in (error.context, error.problem) if part)
        faults.add(line, f"this is not YAML: {reason}{column}", "correct this line or the one above it")
        return None
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        problem = f"this is not YAML: the character {chr(int(error.character))!a} is not allowed"
        faults.add(line, problem, "remove it")
        return None
    if node is None or node.tag == f"{_TAG}null":
        faults.add(1, "the file is empty", "write a fabric into it; inventories/lab/lab.fabric.yml is an example")
        return None
    return _Reader(faults).read(node)


def _is_flat(text: str, faults: Faults) -> bool:
    # libyaml composes by recursion without a limit, and deep nesting ends the whole program.
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, CollectionStartEvent):
            depth += 1
        elif isinstance(event, CollectionEndEvent):
            depth -= 1
        if depth > _DEEPEST:
            line = event.start_mark.line + 1 if event.start_mark is not None else 1
            faults.add(line, f"this is nested more than {_DEEPEST} levels deep", "a fabric file needs few levels")
            return False
    return True


class _Reader:
    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._constructor = SafeConstructor()
        self._done: t.Dict[int, Located] = {}
        self._sizes: t.Dict[int, int] = {}
        self._depths: t.Dict[int, int] = {}
        self._open: t.Set[int] = set()

    def read(self, node: Node) -> Located:
        done = self._done.get(id(node))
        if done is not None:
            return done
        line = node.start_mark.line + 1
        if id(node) in self._open:
            self._faults.add(line, "an anchor holds itself", "remove the alias in it")
            return Located(None, line, is_refused=True)
        self._open.add(id(node))
        found = self._done[id(node)] = self._read(node, line)
        self._open.discard(id(node))
        return self._limited(node, found)

    def _limited(self, node: Node, found: Located) -> Located:
        parts = node.value if isinstance(node, SequenceNode) else ()
        if isinstance(node, MappingNode):
            parts = [value for _key, value in node.value]
        size = self._sizes[id(node)] = 1 + sum(self._sizes.get(id(part), 1) for part in parts)
        depth = self._depths[id(node)] = 1 + max((self._depths.get(id(part), 0) for part in parts), default=0)
        if size <= _LARGEST and depth <= _DEEPEST:
            return found
        much = f"more than {_LARGEST} values" if size > _LARGEST else f"more than {_DEEPEST} levels"
        self._faults.add(found.line, f"aliases unfold this to {much}", "write it without them")
        self._sizes[id(node)] = self._depths[id(node)] = 1
        refused = self._done[id(node)] = Located(None, found.line, is_refused=True)
        return refused

    def _read(self, node: Node, line: int) -> Located:
        if isinstance(node, MappingNode) and node.tag == f"{_TAG}map":
            return Located(self._mapping(node), line)
        if isinstance(node, SequenceNode) and node.tag == f"{_TAG}seq":
            return Located([self.read(item) for item in node.value], line)
        if isinstance(node, ScalarNode):
            return self._scalar(node, line)
        self._refuse_tag(node, line)
        return Located(None, line, is_refused=True)

    def _scalar(self, node: ScalarNode, line: int) -> Located:
        if node.tag in _KINDS_READ_AS_TEXT:
            return Located(node.value, line, node.value)
        if node.tag not in _KINDS_READ_AS_VALUES:
            self._refuse_tag(node, line)
            return Located(None, line, is_refused=True)
        try:
            return Located(self._constructor.construct_object(node), line, node.value)
        except (YAMLError, ValueError, KeyError):
            tag = node.tag.replace(_TAG, "!!")
            self._faults.add(line, f"{show(node.value)} does not fit its tag {tag}", "remove the tag")
            return Located(None, line, is_refused=True)

    def _mapping(self, node: MappingNode) -> t.Dict[str, Located]:
        merged: t.Dict[str, Located] = {}
        own: t.Dict[str, Located] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            value = self.read(value_node)
            if key_node.tag == _MERGE:
                merged = {**self._merged(value, line), **merged}
                continue
            key = self._key(key_node, line)
            if key is None:
                continue
            if key in own:
                problem = f"{show(key)} is given twice (first on line {own[key].line})"
                self._faults.add(line, problem, "remove or rename one of the two")
                continue
            own[key] = replace(value, line=line)
        return {**merged, **own}

    def _merged(self, value: Located, line: int) -> t.Mapping[str, Located]:
        merged: t.Dict[str, Located] = {}
        for source in reversed(value.value) if isinstance(value.value, list) else (value,):
            if isinstance(source.value, t.Mapping):
                merged.update(source.value)
            else:
                self._faults.add(line, "'<<' merges something that is not a mapping", "give it the alias of a mapping")
        return merged

    def _key(self, node: Node, line: int) -> t.Optional[str]:
        if not isinstance(node, ScalarNode):
            self._faults.add(line, "a list or mapping stands where a key should be", "use text as the key")
            return None
        if node.tag == f"{_TAG}str":
            return str(node.value)
        if node.tag == f"{_TAG}null":
            self._faults.add(line, "a key is empty", "write text before the colon")
            return None
        kind = node.tag.replace(_TAG, "!!")
        self._faults.add(
            line, f"the key {show(node.value)} is read as {kind} by YAML, not as text", f'write "{node.value}"'
        )
        return None

    def _refuse_tag(self, node: Node, line: int) -> None:
        tag = node.tag.replace(_TAG, "!!")
        self._faults.add(line, f"the tag {tag} is not supported here", "write plain values; secrets go into host_vars")
