# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What restores a node at boot: the program, the saved state and the systemd unit, all in place or none."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import subprocess
import typing as t
from dataclasses import dataclass, replace

from ..base.errors import FabricError, ForeignObject, InvalidInput, MissingDependency
from ..base.marks import FILE_HEADER
from ..base.proposal import Proposal, do_nothing
from ..base.steps import Step, take
from ..host import systemd
from . import unit
from .compiled import digest_of_sent
from .files import FileChange, InstalledFile, read
from .request import has_rules
from .state import State, decode, encode, is_ours
from .words import lines_of

# The second line of the program, after the interpreter.
PROGRAM_MARK = b"# The command purel3 of the Ansible collection purel3.fabric, which overwrites it.\n"

_PROGRAM_MODE = 0o755
_MODE = 0o644
_TIMEOUT = 60
_BLANK = frozenset(" \t\n\"'\\%$")
_OWN_FOLDER = "purel3"


@dataclass(frozen=True)
class RestoreOptions:
    """What a node should hold for its next boot.

    state: what to save; None where nothing should be left of all this.
    digest: SHA-256 of the program, in hex.
    transferred: where the program has been copied to; None where it has not.
    is_enabled: whether systemd, where it runs the host, restores at boot.
    is_look: say what is missing, and do nothing as long as that is the program.
    """

    state: t.Optional[State]
    program_path: str
    state_path: str
    digest: str = ""
    transferred: t.Optional[str] = None
    is_enabled: bool = True
    is_look: bool = False


def propose(request: RestoreOptions) -> Proposal:
    """Plan how a node gets what it needs for its next boot.

    `wants_program` is among the values where the program must be transferred first. Raises FabricError for a path or an
    option that cannot be, or a file in the way that is not ours.
    """
    _refuse_paths(request)
    program, state = _program_as_is(request), _state_as_is(request)
    is_same = program is not None and digest_of_sent(program.content) == request.digest
    if request.is_look and not is_same and request.state is not None:
        return Proposal(values={"wants_program": True})
    changes = [
        FileChange(request.program_path, program, _program_to_be(request, program, is_same=is_same)),
        FileChange(request.state_path, state, _text_to_be(None if request.state is None else encode(request.state))),
    ]
    steps = [
        Step((), functools.partial(_try_program, request)),
        *(_step_of(change, request) for change in changes if change.operation),
        *(_steps_of_unit(request) if systemd.is_run_by_systemd() else ()),
    ]
    operations = tuple(line for step in steps for line in step.operations)
    before, after = _saved(request, state), lines_of(request.state)
    return Proposal(
        operations=operations,
        before=_text([*_titles(operations, "-~"), *(before - after)]),
        after=_text([*_titles(operations, "+~"), *(after - before)]),
        apply=functools.partial(_apply, request, steps),
        values={"wants_program": False},
    )


def _refuse_paths(request: RestoreOptions) -> None:
    faults = [
        f"{name} {path!r} is not an absolute path without blanks and quotes; give one such as {example}"
        for name, path, example in (
            ("program_path", request.program_path, "/usr/local/sbin/purel3"),
            ("state_path", request.state_path, "/var/lib/purel3/node.json"),
        )
        if not os.path.isabs(path) or path.endswith("/") or _BLANK & set(path)
    ]
    if not faults and request.program_path == request.state_path:
        faults = [f"program_path and state_path are both {request.state_path}; give each its own"]
    if faults:
        raise InvalidInput(faults)


def _program_as_is(request: RestoreOptions) -> t.Optional[InstalledFile]:
    program = read(request.program_path)
    if program is not None and program.content and PROGRAM_MARK not in program.content[:512]:
        raise ForeignObject(_in_the_way(request.program_path))
    return program


def _state_as_is(request: RestoreOptions) -> t.Optional[InstalledFile]:
    state = read(request.state_path)
    if state is not None and not is_ours(state.content.decode(errors="replace")):
        raise ForeignObject(_in_the_way(request.state_path))
    return state


def _in_the_way(path: str) -> str:
    return f"{path} stands in the way: it is not ours; move it away, or choose another path"


def _program_to_be(
    request: RestoreOptions, program: t.Optional[InstalledFile], *, is_same: bool
) -> t.Optional[InstalledFile]:
    if request.state is None:
        return None
    if program is not None and is_same:
        return InstalledFile(program.content, _PROGRAM_MODE)
    if request.transferred is None:
        if request.digest:
            return InstalledFile(b"", _PROGRAM_MODE)
        raise InvalidInput(["the program was not sent; name the module in full, purel3.fabric.restore"])
    try:
        with open(request.transferred, "rb") as file:
            content = file.read()
    except OSError as error:
        raise FabricError(f"{request.transferred}: cannot read the program: {error.strerror}; run it again") from error
    if hashlib.sha256(content).hexdigest() != request.digest:
        raise FabricError(f"{request.transferred} is not the program that was sent; run it again")
    return InstalledFile(content, _PROGRAM_MODE)


def _text_to_be(text: t.Optional[str]) -> t.Optional[InstalledFile]:
    return None if text is None else InstalledFile(text.encode(), _MODE)


def _saved(request: RestoreOptions, file: t.Optional[InstalledFile]) -> t.FrozenSet[str]:
    """Put what is saved in words, as far as it can be read."""
    with contextlib.suppress(FabricError):
        if file is not None:
            return lines_of(decode(file.content.decode(errors="replace"), request.state_path))
    return frozenset()


def _titles(operations: t.Iterable[str], signs: str) -> t.Iterator[str]:
    return (line[2:] for line in operations if line[0] in signs)


def _text(lines: t.Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in sorted(lines))


def _step_of(change: FileChange, request: RestoreOptions) -> Step:
    is_sent = change.path == request.program_path and request.transferred is not None
    return Step(
        (change.operation,), functools.partial(_make_program, request, change) if is_sent else change.make, change.undo
    )


def _make_program(request: RestoreOptions, change: FileChange) -> None:
    """Install what was sent with the code that its Python makes of it; where it makes none, as it was sent."""
    sent = t.cast(InstalledFile, change.new)
    done = _run_program(request, "--compile")
    is_whole = done.returncode == 0 and digest_of_sent(done.stdout) == request.digest
    (replace(change, new=replace(sent, content=done.stdout)) if is_whole else change).make()


def _steps_of_unit(request: RestoreOptions) -> t.Iterator[Step]:
    is_wanted = request.state is not None and request.is_enabled
    has_guard = request.state is not None and is_wanted and has_rules(request.state)
    text = unit.unit_text(request.program_path, request.state_path) if is_wanted else None
    changes = (
        _change_of_unit(unit.NAME, text),
        _change_of_unit(unit.DROP_IN, unit.drop_in_text() if has_guard else None),
    )
    known = systemd.properties(unit.NAME, "UnitFileState", "ActiveState")
    is_active = known.get("ActiveState") == "active"
    is_enabled = known.get("UnitFileState") == "enabled"
    enable, disable, start, stop = (
        functools.partial(systemd.command, verb, unit.NAME) for verb in ("enable", "disable", "start", "stop")
    )
    if is_active and not is_wanted:
        yield Step((f"- service {unit.NAME}",), stop, start)
    if is_enabled and not is_wanted:
        yield Step((f"- start of {unit.NAME} at boot",), disable, enable)
    for name, change in zip((unit.NAME, unit.FIREWALL), changes):
        if change.operation:
            make = functools.partial(_make_in_folder, change)
            yield Step((change.operation,), _with_reload(make), _with_reload(change.undo))
        # What others do to their unit is none of our business.
        elif (change.new is not None or name == unit.NAME) and _is_unread(name):
            yield Step((f"~ systemd's knowledge of {name}",), _with_reload(do_nothing))
    if is_wanted and not is_enabled:
        yield Step((f"+ start of {unit.NAME} at boot",), enable, disable)
    if is_wanted and not is_active:
        # Now there is nothing to restore: it proves that it can be.
        yield Step((f"+ service {unit.NAME}",), start, stop)


def _change_of_unit(name: str, text: t.Optional[str]) -> FileChange:
    path = os.path.join(systemd.UNITS, name)
    old = read(path)
    if old is not None and old.content and not old.content.startswith(FILE_HEADER.encode()):
        raise ForeignObject(_in_the_way(path))
    return FileChange(path, old, _text_to_be(text))


def _make_in_folder(change: FileChange) -> None:
    change.make()
    if change.new is None and change.path.endswith(unit.DROP_IN):
        with contextlib.suppress(OSError):
            os.rmdir(os.path.dirname(change.path))


def _is_unread(name: str) -> bool:
    return systemd.properties(name, "NeedDaemonReload").get("NeedDaemonReload") == "yes"


def _with_reload(act: t.Callable[[], None]) -> t.Callable[[], None]:
    def act_and_reload() -> None:
        act()
        systemd.command("daemon-reload")

    return act_and_reload


def _apply(request: RestoreOptions, steps: t.Sequence[Step]) -> None:
    take(steps)
    folder = os.path.dirname(request.state_path)
    if request.state is None and os.path.basename(folder) == _OWN_FOLDER:
        with contextlib.suppress(OSError):
            os.rmdir(folder)


def _try_program(request: RestoreOptions) -> None:
    """Refuse a program that this node cannot run, before it takes the place of one that it can."""
    if request.transferred is None:
        return
    done = _run_program(request, "--version")
    if done.returncode != 0:
        said = (done.stderr + done.stdout).decode(errors="replace").strip()
        raise MissingDependency(
            f"{_interpreter(request)[0]} cannot run the command purel3: {said}; name a Python 3.9 or newer "
            "(restore_python)"
        )


def _run_program(request: RestoreOptions, option: str) -> subprocess.CompletedProcess[bytes]:
    interpreter = _interpreter(request)
    command = [*interpreter, str(request.transferred), option]
    try:
        return subprocess.run(command, capture_output=True, timeout=_TIMEOUT, check=False)
    except OSError as error:
        raise MissingDependency(
            f"{interpreter[0]}: {error.strerror}, so the command purel3 cannot run here; install Python 3.9 or newer "
            "there, or name another one (restore_python)"
        ) from error
    except subprocess.TimeoutExpired as error:
        raise FabricError(
            f"{interpreter[0]} did not run the command purel3 within {_TIMEOUT:g} s; run it again when this node is "
            "less busy, or name another Python (restore_python)"
        ) from error


def _interpreter(request: RestoreOptions) -> t.List[str]:
    with open(str(request.transferred), "rb") as file:
        return file.readline()[2:].decode().split()
