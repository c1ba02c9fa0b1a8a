# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bird program: where it is, which version, what it says about a file, and starting it."""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
import typing as t
from dataclasses import dataclass
from types import MappingProxyType

from ...base.errors import BirdError, MissingDependency
from ...host.distribution import config_path, parse_names

NOT_INSTALLED = "bird: it is not installed on this host; install the package bird2 (bird on Fedora)"

_OLDEST = (2, 0, 12)
_SEARCH = ("/usr/local/sbin", "/usr/sbin", "/sbin")
_VERSION = re.compile(r"BIRD version ([0-9]+(?:\.[0-9]+)*)")
_CONFIG = re.compile(r"configuration file instead of\s+(/\S+)")
_COMPLAINT = re.compile(r"(?:bird: )?(?P<file>/[^:\n]*):(?P<line>[0-9]+)(?::(?P<column>[0-9]+))? (?P<message>.+)")
_STANDARD_INPUT = "/dev/stdin"
_RELATIVE_INCLUDE = re.compile(r'(\binclude\s+")(?!/)')
_RELATIVE_PATTERN = re.compile(r'\binclude\s+"(?!/)[^"\n]*[*?\[][^"\n]*";')
_SECRET = ("password",)
_TIMEOUT = 60


@dataclass(frozen=True)
class Program:
    """The installed BIRD.

    path: the executable.
    version: what it says of itself, for example 2.0.12.
    """

    path: str
    version: str


def parse_version(text: str) -> t.Optional[str]:
    """Find the version in what `bird --version` prints, for example 2.0.12."""
    match = _VERSION.search(text)
    return match.group(1) if match else None


def _text_of(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def explain(complaint: str, text: str, name: str) -> str:
    """Put BIRD's complaint about a configuration into words: file (by this name), line, message, that line's text."""
    match = _COMPLAINT.search(complaint)
    if match is None:
        return f"{name}: {complaint.strip() or 'BIRD gave no reason'}"
    number = int(match.group("line"))
    where, lines = name, text.splitlines()
    if match.group("file") not in (name, _STANDARD_INPUT):
        where = match.group("file")
        lines = _text_of(where).splitlines()
    if any(secret in os.path.basename(where) for secret in _SECRET):
        lines = []
    # Column 0 is BIRD's way to say that it means the file as a whole.
    is_one_line = match.group("column") != "0" and 0 < number <= len(lines)
    shown = f'; the line reads "{lines[number - 1].strip()}"' if is_one_line else ""
    column = f":{match.group('column')}" if match.group("column") else ""
    return f"{where}:{number}{column}: {match.group('message').strip()}{shown}"


def _which() -> t.Optional[str]:
    return shutil.which("bird", path=os.pathsep.join([os.environ.get("PATH", ""), *_SEARCH]))


@functools.cache
def _said(path: str, option: str, _modified: int) -> str:
    """What a program says of itself, asked once as long as it is the same file."""
    done = subprocess.run([path, option], capture_output=True, text=True, timeout=_TIMEOUT, check=False)
    return done.stdout + done.stderr


def find_program() -> t.Optional[Program]:
    """Find the installed BIRD.

    Raises MissingDependency: what is installed is BIRD 1, or does not say its version.
    """
    path = _which()
    if path is None:
        return None
    version = parse_version(_said(path, "--version", os.stat(path).st_mtime_ns))
    if version is None:
        raise MissingDependency(f"{path}: it does not say its version; install BIRD 2.0.12 or newer (package bird2)")
    if tuple(int(part) for part in version.split(".")) < _OLDEST:
        raise MissingDependency(
            f"{path}: BIRD {version} is too old; install BIRD 2.0.12 or newer (package bird2), "
            "after what it does has found another place"
        )
    return Program(path, version)


def find_config() -> str:
    """Find the file that this host's BIRD reads, or would read if the distribution's package were installed."""
    path = _which()
    if path is not None:
        match = _CONFIG.search(_said(path, "--help", os.stat(path).st_mtime_ns))
        if match is not None:
            return match.group(1)
    return config_path(parse_names(_text_of("/etc/os-release")))


def require_program() -> Program:
    """Find the installed BIRD, which must be there.

    Raises MissingDependency: it is not installed, or too old.
    """
    program = find_program()
    if program is None:
        raise MissingDependency(NOT_INSTALLED)
    return program


def _parse_only(program: Program, path: str, text: t.Optional[str]) -> t.Optional[str]:
    result = subprocess.run(
        [program.path, "-p", "-c", path], input=text, capture_output=True, text=True, timeout=_TIMEOUT, check=False
    )
    return None if result.returncode == 0 else result.stderr + result.stdout


def check_text(program: Program, text: str, path: str, files: t.Mapping[str, str] = MappingProxyType({})) -> None:
    """Let BIRD read a configuration that is not on disk yet; writes nothing.

    path: the file that it is meant for; relative includes start from its folder.
    files: the texts of included files that are not on disk yet, by the name that stands in the include.

    Raises BirdError: BIRD's message with the line and its text.
    """
    folder, whole = os.path.dirname(path), text
    for name, content in files.items():
        # In one line, so that the numbers of all others stay.
        lines = [line for line in content.splitlines() if not line.startswith("#")]
        whole = whole.replace(f'include "{name}";', " ".join(lines), 1)
    if not os.path.isdir(folder):
        # BIRD stumbles over a pattern in a folder that will be made later.
        whole = _RELATIVE_PATTERN.sub("", whole)
    complaint = _parse_only(
        program, _STANDARD_INPUT, _RELATIVE_INCLUDE.sub(lambda match: f"{match.group(1)}{folder}/", whole)
    )
    if complaint is not None:
        raise BirdError(f"{explain(complaint, text, path)}; nothing was changed, correct the content")


def start(
    program: Program, config: str, socket: str, pid_file: str, user: t.Optional[str], *, takes_over: bool
) -> None:
    """Start BIRD as a daemon, if it accepts its configuration.

    user: the user and group to run as; None for the caller's.
    takes_over: whether it takes over the kernel's routes of one before it (bird -R).

    Raises BirdError: BIRD did not start, with its words.
    """
    # Checked first, because a BIRD that gives up halfway leaves its socket and pid file behind.
    complaint = _parse_only(program, config, None)
    if complaint is not None:
        raise BirdError(f"BIRD was not started: {explain(complaint, _text_of(config), config)}; correct that file")
    command = [program.path, *(["-R"] if takes_over else []), "-c", config, "-s", socket, "-P", pid_file]
    if user is not None:
        command += ["-u", user, "-g", user]
    result = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_TIMEOUT, check=False, cwd="/"
    )
    if result.returncode != 0:
        raise BirdError(f"BIRD did not start: {explain(result.stderr + result.stdout, _text_of(config), config)}")
