#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tells whether a change made benchmarks faster: compares two runs by a rank test.

Usage:
  build/release/bench/training_bench --benchmark_repetitions=15 --benchmark_out=before.json
  (change, build)
  build/release/bench/training_bench --benchmark_repetitions=15 --benchmark_out=after.json
  tools/compare_bench.py before.json after.json [--level 0.01]

Prints the medians of each benchmark and their ratio; "faster" or "slower" stands where the
Mann-Whitney U test finds a difference at the level. Exit status 1 when anything is slower.
"""
import argparse
import collections
import json
import math
import statistics
import sys


def times_of(path):
    """{name: real times of all repetitions}"""
    found = collections.defaultdict(list)
    with open(path, encoding="utf-8") as file:
        for row in json.load(file)["benchmarks"]:
            if row.get("run_type") == "iteration":
                found[row["run_name"]].append(row["real_time"])
    return found


def ranks(values):
    """Ranks from 1; equal values share the mean of theirs."""
    order = sorted(range(len(values)), key=values.__getitem__)
    result = [0.0] * len(values)
    begin = 0
    while begin < len(order):
        end = begin
        while end < len(order) and values[order[end]] == values[order[begin]]:
            end += 1
        for i in order[begin:end]:
            result[i] = (begin + end + 1) / 2
        begin = end
    return result


def p_value(a, b):
    """Two-sided p of the U test, by the normal approximation; 1 when there is too little to say."""
    n, m = len(a), len(b)
    if n < 5 or m < 5:
        return 1.0
    u = sum(ranks(a + b)[:n]) - n * (n + 1) / 2
    deviation = math.sqrt(n * m * (n + m + 1) / 12)
    return math.erfc((abs(u - n * m / 2) - 0.5) / deviation / math.sqrt(2))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("before")
    parser.add_argument("after")
    parser.add_argument("--level", type=float, default=0.01)
    options = parser.parse_args()
    before, after = times_of(options.before), times_of(options.after)
    names = [name for name in before if name in after]
    if not names:
        sys.exit("compare_bench: the runs have no benchmark in common")
    slower = 0
    for name in names:
        old, new = statistics.median(before[name]), statistics.median(after[name])
        p = p_value(before[name], after[name])
        is_sure = p < options.level
        verdict = ("slower" if new > old else "faster") if is_sure else ""
        slower += verdict == "slower"
        print(f"{name:60} {old:12.4g} {new:12.4g} {new / old:7.3f}  p={p:.3f} {verdict}")
    few = [name for name in names if min(len(before[name]), len(after[name])) < 5]
    if few:
        print(f"{len(few)} benchmarks have under 5 repetitions: nothing is said of them")
    sys.exit(1 if slower else 0)


if __name__ == "__main__":
    main()
