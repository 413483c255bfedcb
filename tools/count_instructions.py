#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Guards against slow decay without a clock: counts the instructions of fixed work with valgrind.

Run by script/count-instructions. Usage: tools/count_instructions.py [--build DIR] [--record]
Compares with bench/instructions.json (--record writes it) and exits 1 when a count is more than 3 %
off. The AVX2 kernels are counted: valgrind knows no AVX-512. Counts hold for one compiler version.
"""
import argparse
import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
RECORD = ROOT / "bench/instructions.json"
ALLOWED = 0.03


def instructions(program, case, times):
    """All instructions of a process that does `case` so many times."""
    result = subprocess.run(
        ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", program, case,
         str(times)], capture_output=True, text=True, check=True,
        env={**os.environ, "ENGRAM_SIMD": "avx2"})
    return int(re.search(r"Collected : (\d+)", result.stderr)[1])


def count(program, case):
    """Instructions of one time: what a second time adds."""
    return instructions(program, case, 2) - instructions(program, case, 1)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release")
    parser.add_argument("--record", action="store_true")
    options = parser.parse_args()
    program = options.build / "bench/counted"
    cases = subprocess.run([program], capture_output=True, text=True, check=True).stdout.split()
    recorded = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    compiler = subprocess.run(["c++", "-dumpfullversion"], capture_output=True,
                              text=True).stdout.strip()
    if not options.record and recorded.get("compiler") != compiler:
        print(f"recorded with compiler {recorded.get('compiler')}, this is {compiler}: counts may "
              "differ for that reason alone")
    found, off = {}, 0
    for case in cases:
        found[case] = count(program, case)
        before = recorded.get("counts", {}).get(case)
        change = found[case] / before - 1 if before else 0.0
        is_off = before is None or abs(change) > ALLOWED
        off += is_off
        print(f"{case:30} {found[case]:>13,} {f'{change:+.2%}' if before else 'new':>8}"
              f"{'  <-- off' if is_off and not options.record else ''}", flush=True)
    if options.record:
        RECORD.write_text(json.dumps({"compiler": compiler, "counts": found}, indent=1) + "\n")
    elif off:
        sys.exit(f"{off} counts are more than {ALLOWED:.0%} off; if that is meant: "
                 "script/count-instructions --record")


main()
