# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ends what a call started when the call itself is killed or interrupted in the middle."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import typing as t

from . import process
from .layout import PROCESS_PREFIX

_DONE = b"done"
_STANDARD_OUTPUT = 1


@contextlib.contextmanager
def ended_with_caller(names: t.Sequence[str]) -> t.Iterator[None]:
    """End processes unless the block ends well; even when this process is killed, or interrupted from the keyboard.

    They end as well when nobody is left to read what this process prints: a user's run that is interrupted cannot send
    signals to what it has started by sudo. `names` are the argv[0] of each; they need not run yet.
    """
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        _watch(read_end, names)
    os.close(read_end)
    try:
        yield
        with contextlib.suppress(BrokenPipeError):
            os.write(write_end, _DONE)
    finally:
        # Without the word, its end is the sign.
        os.close(write_end)
        os.waitpid(child, 0)


@contextlib.contextmanager
def interrupt_deferred() -> t.Iterator[None]:
    """Let an interrupt from the keyboard wait for the end of the block.

    pyroute2 works in event loops of asyncio, whose finalizers swallow a KeyboardInterrupt that comes while they run.
    """
    handler = signal.getsignal(signal.SIGINT)
    if not callable(handler):
        yield
        return
    came = []
    signal.signal(signal.SIGINT, lambda number, frame: came.append(frame))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
        if came:
            handler(signal.SIGINT, came[0])


def _watch(pipe: int, names: t.Sequence[str]) -> t.NoReturn:
    try:
        os.setsid()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
            signal.signal(number, signal.SIG_IGN)
        # Above all the other end of the pipe, and the lock of all labs.
        for entry in os.listdir("/proc/self/fd"):
            if int(entry) not in (pipe, _STANDARD_OUTPUT):
                with contextlib.suppress(OSError):
                    os.close(int(entry))
        poll = select.poll()
        poll.register(pipe, select.POLLIN)
        # Only what it always tells: that there is no other end.
        poll.register(_STANDARD_OUTPUT, 0)
        if pipe not in dict(poll.poll()) or os.read(pipe, len(_DONE)) != _DONE:
            running = process.running(PROCESS_PREFIX)
            process.end([(name, pid) for name in set(names) for pid in running.get(name, ())])
        os._exit(0)
    finally:
        os._exit(1)
