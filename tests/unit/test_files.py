# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One file is replaced at once; what is no file never is."""

from __future__ import annotations

import os
import stat
import typing as t
from pathlib import Path

import pytest

from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.errors import ForeignObject
from ansible_collections.purel3.fabric.plugins.module_utils.purel3.base.files import (
    File,
    Ownership,
    read,
    rename,
    write,
)

NEW = File("new\n", Ownership(os.geteuid(), os.getegid(), 0o640))


def link_to_a_file(path: Path) -> None:
    (path.parent / "theirs").write_text("theirs\n")
    path.symlink_to("theirs")


OTHERS: t.Dict[str, t.Tuple[t.Callable[[Path], t.Any], str]] = {
    "a folder": (Path.mkdir, "a folder"),
    "a pipe": (os.mkfifo, "a device, pipe or socket"),
    "a device": (lambda path: os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 3)), "a device, pipe or socket"),
    "a link to a file": (link_to_a_file, "a link to theirs"),
    "a link to nothing": (lambda path: path.symlink_to("nowhere"), "a link to nowhere"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_no_file_is_neither_read_nor_replaced(name: str, tmp_path: Path) -> None:
    make, what = OTHERS[name]
    path = tmp_path / "place"
    make(path)
    before = path.lstat(), sorted(tmp_path.iterdir())
    with pytest.raises(ForeignObject) as refused:
        read(str(path))
    assert str(refused.value) == f"{path} is {what} and so not ours; move it away, or choose another path"
    with pytest.raises(OSError, match="is there, not a file") as failed:
        write(str(path), NEW)
    assert failed.value.strerror == f"{what} is there, not a file"
    assert (path.lstat(), sorted(tmp_path.iterdir())) == before


def test_a_file_and_nothing_are_replaced(tmp_path: Path) -> None:
    path = tmp_path / "place"
    assert read(str(path)) is None
    for text in ("new\n", "newer\r\n", "\udcff\n"):
        write(str(path), File(text, NEW.ownership))
        assert read(str(path)) == File(text, NEW.ownership)
    assert list(tmp_path.iterdir()) == [path]
    (tmp_path / "other").write_text("other\n")
    rename(str(tmp_path / "other"), str(path))
    assert path.read_text() == "other\n"


def test_what_people_keep_beside_a_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "place"
    for end in (".new", ".orig", ".bak", "~"):
        Path(f"{path}{end}").write_text(f"mine{end}\n")
    write(str(path), NEW)
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "place",
        "place.bak",
        "place.new",
        "place.orig",
        "place~",
    ]
    assert Path(f"{path}.new").read_text() == "mine.new\n"
