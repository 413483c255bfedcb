# SPDX-License-Identifier: Apache-2.0
"""Times one rival on request. Usage: worker.py RIVAL THREADS [WORK CELL]
With WORK it does that once and ends; else each line "WORK CELL SECONDS" on stdin is answered by the
median seconds of a call, repeated for about so long."""
import importlib
import statistics
import sys
import time


def seconds_of(run, budget):
    times = []
    begin = time.perf_counter()
    while not times or time.perf_counter() - begin < budget:
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def main():
    rival = importlib.import_module(f"{sys.argv[1]}_rival")
    rival.set_threads(int(sys.argv[2]))
    if len(sys.argv) > 3:
        rival.make(sys.argv[3], sys.argv[4])()
        return
    print(rival.VERSION, flush=True)
    works = {}
    for line in sys.stdin:
        work, cell, budget = line.split()
        if (work, cell) not in works:
            works[work, cell] = rival.make(work, cell)
            works[work, cell]()  # warm
        print(seconds_of(works[work, cell], float(budget)), flush=True)


main()
