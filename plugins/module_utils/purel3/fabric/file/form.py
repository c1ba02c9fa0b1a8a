# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values whose keys and types are given as options of a module are, read from a fabric file with all their faults."""

from __future__ import annotations

import typing as t

from .document import Located
from .section import Section, describe, nearest_remedy, show

Form = t.Mapping[str, t.Any]


def read_form(parent: Section, key: str, item: Located, title: str, options: Form) -> t.Optional[t.Dict[str, t.Any]]:
    """Read a mapping into plain data, without what is not given; None where it is none.

    key: by which it is found in its parent.
    title: what messages call it.
    options: as in the argument specification of a module.
    """
    section = parent.entry(key, item, title, tuple(options))
    if not section.is_mapping:
        return None
    for name, option in options.items():
        if option.get("required") and name not in section:
            section.missing(name, _remedy_for_missing(option))
    read = {name: _value(section, name, value, options[name]) for name, value in section.items() if name in options}
    return {name: value for name, value in read.items() if value is not None}


def _remedy_for_missing(option: Form) -> str:
    return f"use one of {', '.join(option['choices'])}" if "choices" in option else "add it"


def _value(section: Section, name: str, item: Located, option: Form) -> t.Any:
    if option["type"] == "list":
        element = {**option, "type": option["elements"]}
        items = section.parse_list(name, item) or ()
        found = (_value(section, f"{name}[{index}]", one, element) for index, one in enumerate(items))
        return [one for one in found if one is not None]
    if option["type"] == "dict":
        colon = "" if section.title.endswith(":") else ":" if ":" not in section.title else "."
        title = f"{section.title}{colon}{'' if colon == '.' else ' '}{name}"
        return read_form(section, name, item, title, option["options"])
    found = _scalar(section, name, item, option["type"])
    if found is not None and "choices" in option and found not in option["choices"]:
        section.complain(name, item, f"{show(str(found))} is not known", nearest_remedy(str(found), option["choices"]))
        return None
    return found


def _scalar(section: Section, name: str, item: Located, kind: str) -> t.Any:
    if kind == "bool":
        return section.parse_truth(name, item)
    if kind == "int":
        return section.parse_number(name, item, int)
    is_number = isinstance(item.value, (int, float)) and not isinstance(item.value, bool)
    if kind == "float":
        if not is_number and not item.is_refused:
            section.complain(name, item, describe(item, "a number"), "write it in digits, without quotes")
        return item.value if is_number else None
    if is_number and item.text == str(item.value):
        return item.text
    if is_number:
        section.complain(
            name, item, f"{item.text} is read as {item.value} by YAML", f'write it in quotes: "{item.text}"'
        )
        return None
    return section.parse_text(name, item, str)
