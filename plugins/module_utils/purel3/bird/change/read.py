# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Step 1, read: the files as they are and will be, what the running BIRD runs, and what the new ones will do to it."""

from __future__ import annotations

import contextlib
import glob
import grp
import os
import pwd
import re
import typing as t
from dataclasses import dataclass, replace

from ...base.errors import FabricError, ForeignObject, InvalidInput
from ...base.files import File, Ownership, read
from ...values.effects import ADDED, NONE, REMOVED
from ..talk.configure import wait_for_quiet
from ..talk.control import DEFAULT_SOCKET, Control, connected
from ..talk.daemon import Program
from ..talk.defaults import DEFAULT_ACCOUNT, DEFAULT_CONFIG
from ..talk.observation import kernel_networks, read_routes
from ..talk.status import parse_protocols
from . import candidate
from .candidate import PASSWORDS, passwords_path
from .foreign import foreign_parts
from .impact import Impact, ModeChange, changed_passwords, import_changes, mode_changes, predict, unknown
from .keep import keep_passwords, keep_peers
from .seal import PASSWORDS_SYMBOL, SYMBOL, Digests, is_intact, is_sealed, loaded, seal, sealed_digest
from .verify import KEPT, NodeView, received_updates

ALL = "all"
TRY = "try"
CONFIRM = "confirm"

OUR_SESSIONS = "peer_"

_NOTHING = NodeView((), (), frozenset(), {})
_INCLUDE = re.compile(rf'^include "{re.escape(PASSWORDS)}";', re.MULTILINE)


@dataclass(frozen=True)
class ConfigOptions:
    """The configuration that a node's BIRD should have.

    content: its text, without seal.
    path: the file.
    socket: the control socket of the BIRD that reads it.
    owner: a user's name; None for bird where that exists, else root.
    group: likewise.
    mode: permission bits.
    passwords: the text of the file with passwords beside it; empty for none, None to leave that file alone.
    max_restarts: how many sessions that are up may restart; negative for any number.
    switches_encapsulation: whether packets may travel another way while sessions are up.
    timeout: seconds after which BIRD undoes what is not confirmed; 0 to load it without a trial.
    expect: what must be there again: kept, peers or none.
    keeps_peers: whether the sessions that the new text does not have stay.
    moment: when BIRD is to load it, in seconds of the epoch; None for at once.
    phase: all, try (load it and verify) or confirm (what was tried).
    """

    content: str
    path: str = DEFAULT_CONFIG
    socket: str = DEFAULT_SOCKET
    owner: t.Optional[str] = None
    group: t.Optional[str] = None
    mode: int = 0o640
    passwords: t.Optional[str] = None
    max_restarts: int = -1
    switches_encapsulation: bool = True
    timeout: int = 0
    expect: str = KEPT
    keeps_peers: bool = False
    moment: t.Optional[float] = None
    phase: str = ALL


@dataclass(frozen=True)
class Running:
    """What a running BIRD holds and shows."""

    digests: Digests = (None, None)
    observed: NodeView = _NOTHING

    def text(self, texts: t.Iterable[str]) -> t.Optional[str]:
        """Find which of these texts, first the file in place, it runs; None where that is something else."""
        return _with_digest(self.digests[0], texts, SYMBOL)

    def passwords(self, texts: t.Iterable[str]) -> t.Optional[str]:
        """Find the passwords that it runs with among texts: empty for none; None where it runs with others."""
        return "" if self.digests[1] is None else _with_digest(self.digests[1], texts, PASSWORDS_SYMBOL)


@dataclass(frozen=True)
class ConfigChange:
    """The files as they are and will be, and what the running BIRD makes of them."""

    request: ConfigOptions
    old: t.Optional[File]
    new: File
    old_passwords: t.Optional[File]
    new_passwords: t.Optional[File]
    running: t.Optional[Running]
    wanted: Digests
    impacts: t.Tuple[Impact, ...]
    import_changes: t.Mapping[str, t.FrozenSet[str]]
    mode_changes: t.Tuple[ModeChange, ...] = ()

    @property
    def reloads(self) -> bool:
        """Whether BIRD must be told."""
        if self.running is None:
            return False
        # A file that was changed by hand may have been loaded, and bears the seal of what it was.
        is_edited = self.old is not None and is_sealed(self.old.text) and not is_intact(self.old.text)
        return is_edited or self.running.digests != self.wanted

    @property
    def is_timed(self) -> bool:
        """Whether there is something to lose, so that BIRD undoes it unless it is confirmed."""
        return self.reloads and self.request.timeout > 0 and bool(self._established())

    @property
    def waits(self) -> bool:
        """Whether somebody else confirms it."""
        return self.is_timed and self.request.phase == TRY

    def disabled(self) -> t.Tuple[str, ...]:
        """Name the sessions that stay and that somebody disabled; not those that BIRD shut down by a limit."""
        protocols = self.running.observed.protocols if self.running is not None else ()
        kept = {one.protocol for one in self.impacts} if self.reloads else None
        return tuple(
            one.name
            for one in protocols
            if one.session is not None and one.state == "down" and one.name.startswith(OUR_SESSIONS)
            if "limit" not in one.session.last_error.lower() and (kept is None or one.name in kept)
        )

    def restarts(self) -> t.Tuple[Impact, ...]:
        """Return the sessions that are up and restart, as those with a peer whose address changes do.

        So does what is no session, is up, and loses its neighbours.
        """
        protocols = self.running.observed.protocols if self.running is not None else ()
        up = {one.name for one in protocols if one.is_established or (one.session is None and one.state == "up")}
        moved = {one.name: one.address for one in self.impacts if one.effect == ADDED and one.address}
        gone = (one for one in self.impacts if one.effect == REMOVED and one.name in moved and one.protocol in up)
        return (
            *(one for one in self.impacts if one.is_break and one.protocol in up),
            *(replace(one, reasons=(f"its address becomes {moved[one.name]}",)) for one in gone),
        )

    def switches(self) -> t.Tuple[ModeChange, ...]:
        """Return the pools whose packets are on their way and would travel another way."""
        return self.mode_changes if self._established() else ()

    def _established(self) -> t.FrozenSet[str]:
        return self.running.observed.established() if self.running is not None else frozenset()


def _account(name: t.Optional[str], look_up: t.Callable[[str], t.Any], what: str) -> int:
    try:
        return int(look_up(name or DEFAULT_ACCOUNT)[2])
    except KeyError:
        if name is None:
            return 0
        raise InvalidInput([f"{what} {name!r} does not exist on this host; create it, or name another"]) from None


def _ownership(request: ConfigOptions) -> Ownership:
    return Ownership(
        _account(request.owner, pwd.getpwnam, "user"), _account(request.group, grp.getgrnam, "group"), request.mode
    )


def _included(path: str, pattern: str) -> t.Iterator[t.Tuple[str, str]]:
    """Read the files that an include in some file names, relative ones from that file's folder."""
    for name in sorted(glob.glob(os.path.join(os.path.dirname(path), pattern))):
        with contextlib.suppress(FabricError):
            there = read(os.path.realpath(name))
            if there is not None:
                yield name, there.text


def _refuse_foreign(path: str, old: t.Optional[File], new_text: str) -> None:
    if old is None or is_sealed(old.text):
        return
    parts = foreign_parts(path, old.text, new_text, _included)
    if parts:
        raise ForeignObject(
            f"{path}: it is not ours and holds {', '.join(parts)}; move what is to stay into a file of its own that "
            "bird_includes names in the fabric file, then empty this one"
        )


def _refuse_foreign_passwords(path: str, old: t.Optional[File]) -> None:
    if old is not None and old.text.strip() and not is_sealed(old.text, PASSWORDS_SYMBOL):
        raise ForeignObject(f"{passwords_path(path)}: it is not ours; move it away, or give it another name")


def _impacts(
    change: ConfigChange, known: t.Sequence[str], passwords: t.Sequence[str], version: str
) -> t.Tuple[t.Tuple[Impact, ...], t.Mapping[str, t.FrozenSet[str]]]:
    running, text = change.running, change.new.text
    if running is None:
        return (), {}
    before = running.text(known)
    if before is None:
        return unknown(text, "the running BIRD runs something else than its file"), {}
    new = change.new_passwords.text if change.new_passwords is not None else ""
    old = running.passwords(passwords)
    # Other passwords than are known: every session that has one may restart.
    changed = changed_passwords(new if old is None else old, new) if old is not None else changed_passwords("", new)
    kinds = {one.name: one.kind for one in running.observed.protocols}
    return predict(before, text, changed, version, kinds), import_changes(before, text)


def _with_digest(wanted: t.Optional[str], texts: t.Iterable[str], symbol: str) -> t.Optional[str]:
    for text in texts:
        if sealed_digest(text, symbol) == wanted and is_sealed(text, symbol) == (wanted is not None):
            return text
    return None


def observe(control: Control) -> NodeView:
    """Look at sessions and routes; raises BirdError."""
    details = control.tell("show protocols all")
    with open("/proc/self/net/route", encoding="ascii") as table:
        kernel = kernel_networks(table)
    routes = read_routes(control)
    return NodeView(parse_protocols(details), routes, kernel, received_updates(details))


def _read_running(socket: str, *, waits: bool) -> t.Optional[Running]:
    """Ask the BIRD behind a socket what it runs; None where none listens, raises BirdError.

    waits: whether to wait until a configuration that nobody confirms is undone.
    """
    with connected(socket) as control:
        if control is None:
            return None
        if waits:
            wait_for_quiet(control, socket)
        return Running(loaded(control), observe(control))


def _texts(*files: t.Optional[File]) -> t.Tuple[str, ...]:
    return tuple(file.text for file in files if file is not None)


def read_change(request: ConfigOptions, program: t.Optional[Program]) -> ConfigChange:
    """Find out what a request changes; raises FabricError where a file is not ours, or BIRD does not answer."""
    path, ownership = request.path, _ownership(request)
    old, old_passwords = read(path), read(passwords_path(path))
    _refuse_foreign(path, old, request.content)
    _refuse_foreign_passwords(path, old_passwords)
    content = request.content
    secrets = old_passwords.text if request.passwords is None and old_passwords is not None else request.passwords or ""
    if request.keeps_peers and old is not None and is_sealed(old.text):
        content = keep_peers(old.text, content)
        secrets = keep_passwords(content, "" if old_passwords is None else old_passwords.text, secrets)
    if secrets and not is_sealed(secrets, PASSWORDS_SYMBOL):
        secrets = seal(secrets, PASSWORDS_SYMBOL)
    text = seal(content)
    secret_owner = Ownership(ownership.user, ownership.group, 0o640)
    new_passwords = File(secrets, secret_owner) if secrets else None
    if request.passwords is None:
        new_passwords = old_passwords if not secrets or old_passwords == new_passwords else new_passwords
    running = _read_running(request.socket, waits=request.phase != CONFIRM)
    is_included = _INCLUDE.search(text) is not None
    wanted = (
        sealed_digest(text),
        sealed_digest(secrets, PASSWORDS_SYMBOL) if is_included and new_passwords is not None else None,
    )
    change = ConfigChange(request, old, File(text, ownership), old_passwords, new_passwords, running, wanted, (), {})
    tried = (read(candidate.path_in(path)), read(os.path.join(candidate.folder_of(path), PASSWORDS)))
    texts = _texts(old, tried[0], change.new)
    before = running.text(texts) if running is not None else None
    impacts, imports = _impacts(
        change,
        texts,
        _texts(old_passwords, tried[1], new_passwords),
        program.version if program is not None else "",
    )
    if not change.reloads:
        impacts = tuple(replace(one, effect=NONE, reasons=()) for one in impacts)
    ways = mode_changes(before, text) if before is not None else ()
    return replace(change, impacts=impacts, import_changes=imports, mode_changes=ways)


def operations_of(change: ConfigChange) -> t.Tuple[str, ...]:
    """Say what a change does to the files and to BIRD, one line each."""
    folder = candidate.folder_of(change.request.path)
    # Of a run that was killed when all but this was done.
    left = () if not is_done(change) or not os.path.isdir(folder) else (f"- folder {folder}",)
    return (*_changes_of(change), *left)


def is_done(change: ConfigChange) -> bool:
    """Whether the files and BIRD are as they should be; a folder of a killed run may be left."""
    return not list(_changes_of(change))


def _changes_of(change: ConfigChange) -> t.Iterator[str]:
    for path, old, new in (
        (change.request.path, change.old, change.new),
        (passwords_path(change.request.path), change.old_passwords, change.new_passwords),
    ):
        if old is not None and new is None:
            yield f"- file {path}"
        elif new is not None and (old is None or old.text != new.text):
            yield f"{'+' if old is None else '~'} file {path}"
        elif old is not None and new is not None and old.ownership != new.ownership:
            yield f"~ owner and mode of {path}"
    for name in change.disabled():
        yield f"~ enable session {name}"
    if change.reloads:
        yield f"~ reload BIRD at {change.request.socket}"


def in_words(impact: Impact) -> str:
    """Say what happens to a session, for example `node2 192.168.50.11: restart (hold time: 90 -> 30)`."""
    why = f" ({'; '.join(impact.reasons)})" if impact.reasons else ""
    return f"{f'{impact.name} {impact.address}'.rstrip()}: {impact.effect}{why}"


def refusals(change: ConfigChange) -> t.Tuple[str, ...]:
    """Say why a change may not be made; empty where it may."""
    found = []
    restarts, limit = change.restarts(), change.request.max_restarts
    if 0 <= limit < len(restarts):
        what = "sessions that are up would restart"
        if not all(one.address for one in restarts):
            what = "protocols that are up would restart or go"
        found.append(
            f"{len(restarts)} {what}, and max_session_restarts allows {limit}: "
            f"{', '.join(in_words(one) for one in restarts)}; nothing was changed; raise max_session_restarts, "
            "or make the change node by node"
        )
    if change.switches() and not change.request.switches_encapsulation:
        found.append(
            f"packets to other nodes would travel another way ({', '.join(map(str, change.switches()))}), and "
            "may_switch_encapsulation is false; nothing was changed; make this change by purel3.fabric.ipip, which has "
            "every node take packets either way first"
        )
    return tuple(found)
