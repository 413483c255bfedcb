# SPDX-License-Identifier: Apache-2.0
"""Reads event files with TensorBoard's own reader and compares them with a history CSV.

Usage: python tools/read_tensorboard.py --logs DIR --history history.csv
       (an interpreter with `tensorboard`; TensorFlow is not used)

Every column of the CSV must stand in DIR/train, or for val_ in DIR/validation, as epoch_<name>, the
same number as float32 at every epoch. Prints the tags and ends with 1 where something differs.
"""

import argparse
import csv
import os
import struct
import sys
import types

# TensorBoard prefers TensorFlow where there is one, and then takes a minute to begin.
sys.modules["tensorboard.compat.notf"] = types.ModuleType("notf")

from tensorboard.backend.event_processing import event_accumulator
from tensorboard.util import tensor_util


def float32(value):
    return struct.unpack("<f", struct.pack("<f", value))[0]


def read(folder):
    """{tag: {step: value}} of scalars; other tags have the shape of their value."""
    if not os.path.isdir(folder):
        return {}  # a training without validation data
    accumulator = event_accumulator.EventAccumulator(
        folder, size_guidance={event_accumulator.TENSORS: 0})
    accumulator.Reload()
    found = {}
    for tag in accumulator.Tags()["tensors"]:
        found[tag] = {}
        for event in accumulator.Tensors(tag):
            array = tensor_util.make_ndarray(event.tensor_proto)
            found[tag][event.step] = array.item() if array.size == 1 else array.shape
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--logs", required=True)
    parser.add_argument("--history", required=True)
    options = parser.parse_args()
    figures = {part: read(f"{options.logs}/{part}") for part in ("train", "validation")}
    for part, tags in figures.items():
        for tag, values in tags.items():
            print(f"{part}: {tag}: {len(values)} points")
    wrong = 0
    with open(options.history, newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            epoch = int(row.pop("epoch"))
            for name, text in row.items():
                part = "validation" if name.startswith("val_") else "train"
                tag = "epoch_" + name.removeprefix("val_")
                got = figures[part].get(tag, {}).get(epoch)
                if text != "NA" and got != float32(float(text)):
                    print(f"epoch {epoch}: {name}: {text} in the CSV, {got} in the events")
                    wrong += 1
    print("differs" if wrong else "equal")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
