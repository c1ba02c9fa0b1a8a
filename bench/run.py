#!/usr/bin/env python
# Copyright (c) 2026 the purel3.fabric authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure how fast workloads come and go, or with --scale whole networks; see README.md beside this file."""

from __future__ import annotations

import argparse
import os
import sys
import typing as t
from pathlib import Path

_CHECKOUT = Path(__file__).resolve().parent.parent
# This file is started as a script, so Python has put its own folder first, where packages of ours are plain files.
sys.path[0] = str(_CHECKOUT)
sys.path.insert(1, str(_CHECKOUT / "collections"))
os.environ["PATH"] += f"{os.pathsep}/usr/local/sbin{os.pathsep}/usr/sbin{os.pathsep}/sbin"

from bench.bars import judge
from bench.box import BoxError
from bench.growth import THOUSAND, THOUSANDS, measure_growth
from bench.machine import describe, load
from bench.results import Results
from bench.scale import bars as scale_bars
from bench.scale import measurement, report
from bench.starts import measure_starts
from bench.table import render
from bench.turn import take_turn
from bench.ways import WAYS
from bench.ways.process import StepFailed
from bench.ways.way import Way

_SIZES = (100, 1000, 4000)
_REPETITIONS = 3
_STARTS = 3
_SLOW_FROM = 1000
_HEAVY_FROM = 4000


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", metavar="N", help=f"how many workloads (default: {_SIZES})")
    parser.add_argument("--repetitions", type=int, default=_REPETITIONS, help="default: %(default)s")
    parser.add_argument("--ways", nargs="+", metavar="WORD", help="only ways whose names hold one of these words")
    parser.add_argument("--quick", action="store_true", help="100 and 1,000 once, in under a minute")
    parser.add_argument(
        "--scale",
        nargs="*",
        choices=measurement.PARTS,
        metavar="PART",
        help="whole networks instead (PART: one of %(choices)s)",
    )
    parser.add_argument("--output", type=Path, help="write the tables to this file as well")
    return parser.parse_args()


def _turns(way: Way, size: int, repetitions: int, is_quick: bool) -> int:
    if size > way.largest or (is_quick and way.is_slow and size >= _SLOW_FROM):
        return 0
    return 1 if way.is_slow or size >= _HEAVY_FROM else repetitions


def _measure(ways: t.Sequence[Way], sizes: t.Sequence[int], repetitions: int, is_quick: bool) -> Results:
    results = Results()
    for size in sizes:
        for repetition in range(repetitions):
            for way in ways:
                if repetition < _turns(way, size, repetitions, is_quick):
                    turn = take_turn(way, size)
                    results.turns.setdefault((way.name, size), []).append(turn)
                    seconds = ", ".join(f"{operation} {cost.wall:.2f}" for operation, cost in turn.costs.items())
                    _say(f"{size} {way.name} {repetition + 1}: {seconds}")
    if max(sizes) >= THOUSANDS * THOUSAND and any(way.name == "module" for way in ways):
        for repetition in range(repetitions):
            results.growths.append(measure_growth())
            thousands = ", ".join(f"{growth.whole:.2f}" for growth in results.growths[-1])
            _say(f"each of {THOUSANDS} thousands {repetition + 1}: {thousands}")
    if any(way.name == "module" for way in ways):
        results.starts = measure_starts(_STARTS * repetitions, _say)
    return results


def _measure_scale(options: argparse.Namespace) -> int:
    load_before = load()
    amount = measurement.QUICK if options.quick else measurement.FULL
    try:
        findings = measurement.measure(amount, options.scale or measurement.PARTS, _say)
    except (BoxError, StepFailed) as error:
        _say(str(error))
        return 1
    except KeyboardInterrupt:
        return 130
    _write(describe(load_before) + "\n" + report.render(findings, scale_bars.judge(findings)), options.output)
    return 0


def _write(text: str, path: t.Optional[Path]) -> None:
    print(text)
    if path:
        path.write_text(text, encoding="utf-8")


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def main() -> int:
    """Run the benchmark.

    Returns:
        0 where it ran; whether bars were cleared is for people to read.
    """
    options = _options()
    if os.geteuid() != 0:
        _say("the benchmark makes network namespaces and needs root: use `make bench`, which asks sudo")
        return 1
    if options.scale is not None:
        return _measure_scale(options)
    sizes = options.sizes or ((100, 1000) if options.quick else _SIZES)
    repetitions = 1 if options.quick else options.repetitions
    ways = [way for way in WAYS if not options.ways or any(word in way.name for word in options.ways)]
    if not ways:
        _say(f"--ways {' '.join(options.ways)}: no such way; there are {', '.join(way.name for way in WAYS)}")
        return 1
    load_before = load()
    try:
        results = _measure(ways, sizes, repetitions, options.quick)
    except BoxError as error:
        _say(str(error))
        return 1
    except KeyboardInterrupt:
        return 130
    _write(describe(load_before) + "\n" + render(results, ways, sizes, judge(results)), options.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
