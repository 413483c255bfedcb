#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Simulates daily bars of a stock that does not exist, in the columns of tushare's get_k_data.

Nothing in the result comes from a market. The closing price is a geometric random walk whose
volatility clusters (GARCH(1,1)) and whose drift changes with the seasons below, shifted so that the
last price is TARGET. Opens, highs, lows and volumes are drawn around it. One seed gives one file.

Usage: tools/simulate_series.py [--seed N] [--rows N] > share/simulated_stock.csv
"""
import argparse
import datetime
import math
import random

START, TARGET = 88.0, 1200.0
FIRST_DAY = datetime.date(2010, 4, 26)
FIRST_INDEX = 74  # the first column counts on from somewhere, as in files cut out of longer ones
CODE = "SIM001"
DAILY_VOLATILITY = 0.019
ALPHA, BETA = 0.09, 0.88  # shares of yesterday's squared shock and variance in today's variance
# Seasons: share of the rows up to where one ends, and its drift a day: up, down, up, crash, up.
SEASONS = [(0.22, 0.0012), (0.38, -0.0016), (0.80, 0.0021), (0.88, -0.0030), (1.0, 0.0028)]


def normal(rng):
    """A standard normal number, out of nothing but random(), which never changes in Python."""
    return math.sqrt(-2.0 * math.log(1.0 - rng.random())) * math.cos(2.0 * math.pi * rng.random())


def drift(share):
    return next(value for end, value in SEASONS if share <= end)


def log_closes(rng, rows):
    """Logarithms of closing prices from START to TARGET, and each day's volatility."""
    variance, logs, volatilities = DAILY_VOLATILITY ** 2, [math.log(START)], [DAILY_VOLATILITY]
    for row in range(1, rows):
        shock = math.sqrt(variance) * normal(rng)
        logs.append(logs[-1] + drift(row / rows) + shock)
        volatilities.append(math.sqrt(variance))
        variance = ((1.0 - ALPHA - BETA) * DAILY_VOLATILITY ** 2
                    + ALPHA * shock ** 2 + BETA * variance)
    missing = math.log(TARGET) - logs[-1]
    return [x + missing * row / max(rows - 1, 1) for row, x in enumerate(logs)], volatilities


def business_days(count):
    day = FIRST_DAY
    for _ in range(count):
        yield day
        day += datetime.timedelta(days=3 if day.weekday() == 4 else 1)


def bars(seed, rows):
    rng = random.Random(seed)
    logs, volatilities = log_closes(rng, rows)
    before = logs[0]
    for day, log_close, volatility in zip(business_days(rows), logs, volatilities):
        log_open = before + 0.35 * volatility * normal(rng)
        high = max(log_open, log_close) + 0.45 * volatility * abs(normal(rng))
        low = min(log_open, log_close) - 0.45 * volatility * abs(normal(rng))
        move = abs(log_close - before) / DAILY_VOLATILITY
        volume = round(26000.0 * math.exp(0.35 * min(move, 4.0) + 0.35 * normal(rng)))
        prices = [round(math.exp(x), 3) for x in (log_open, log_close, high, low)]
        yield day, prices, float(volume)
        before = log_close


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seed", type=int, default=6)
    parser.add_argument("--rows", type=int, default=2426)
    options = parser.parse_args()
    print(",date,open,close,high,low,volume,code")
    for index, (day, prices, volume) in enumerate(bars(options.seed, options.rows), FIRST_INDEX):
        print(index, day, *prices, volume, CODE, sep=",")


if __name__ == "__main__":
    main()
