# SPDX-License-Identifier: Apache-2.0
"""datasets.json: Keras's helpers between data and a model, with all their options."""

import itertools
import json

import keras
import numpy as np

from golden.streams import header, numbers, stream


def plain(value):
    value = np.asarray(value)
    return {"shape": list(value.shape), "values": numbers(value)}


def timeseries_cases():
    series, table = np.arange(23, dtype="float32"), stream(31, (23, 2))
    targets = np.arange(23, dtype="float32") * 10
    for options in (
        {"sequence_length": 4},
        {"sequence_length": 4, "sequence_stride": 3},
        {"sequence_length": 4, "sampling_rate": 3},
        {"sequence_length": 3, "sampling_rate": 5, "sequence_stride": 2},
        {"sequence_length": 4, "shuffle": True, "seed": 7},
        {"sequence_length": 2, "sampling_rate": 4, "shuffle": True, "seed": 123, "sequence_stride": 2},
        {"sequence_length": 4, "start_index": 5, "end_index": 15, "sampling_rate": 2},
        {"sequence_length": 1, "start_index": 20},
    ):
        for data, goal in ((series, targets), (table, None), (table, stream(32, (23, 3)))):
            dataset = keras.utils.timeseries_dataset_from_array(
                data, goal, batch_size=None, **dict(options, shuffle=False))
            rows = list(dataset.as_numpy_iterator())
            x = np.array([row[0] if goal is not None else row for row in rows])
            y = None if goal is None else np.array([row[1] for row in rows])
            if options.get("shuffle"):  # of the starts alone; Keras mixes again while it batches
                order = np.arange(len(x))
                np.random.RandomState(options["seed"]).shuffle(order)
                x, y = x[order], None if y is None else y[order]
            yield {"options": options, "data": plain(data),
                   "targets": None if goal is None else plain(goal), "x": plain(x),
                   "y": None if y is None else plain(y)}


def pad_cases():
    flat = [[1, 2, 3], [], [4], [5, 6, 7, 8, 9]]
    steps = [stream(41, (2, 3)).tolist(), stream(42, (4, 3)).tolist(), []]
    for sequences, (maxlen, padding, truncating) in itertools.product(
            (flat, steps), itertools.product((None, 3, 7), ("pre", "post"), ("pre", "post"))):
        options = {"maxlen": maxlen, "padding": padding, "truncating": truncating, "value": -1.5}
        result = keras.utils.pad_sequences(sequences, dtype="float32", **options)
        yield {"sequences": [plain(np.array(s, "float32")) for s in sequences],
               "options": options, "result": plain(result)}


def normalize_cases():
    x = stream(51, (3, 4, 2))
    x[0, 0] = 0
    for axis, order in itertools.product((-1, 1, 2), (1, 2, 3, float("inf"))):
        yield {"axis": axis, "order": "inf" if np.isinf(order) else order,
               "result": plain(keras.utils.normalize(x, axis, order))}


def categorical_cases():
    for x, classes in (([0, 2, 1], None), ([[0], [3]], 5), ([[0, 1], [2, 2]], None), ([[[1]]], 2)):
        yield {"x": plain(np.array(x)), "classes": classes or 0,
               "result": plain(keras.utils.to_categorical(np.array(x), classes))}


def split_cases():
    x = np.arange(13, dtype="float32")
    for left, right in ((0.8, None), (None, 0.5), (0.5, None), (4, None), (3, 5), (0.25, 0.5), (None, 2)):
        parts = keras.utils.split_dataset(x, left_size=left, right_size=right)
        yield {"left": left, "right": right,
               "parts": [[float(v) for v in part.as_numpy_iterator()] for part in parts]}


def make_datasets(folder):
    data = {"timeseries": timeseries_cases(), "pad": pad_cases(), "normalize": normalize_cases(),
            "categorical": categorical_cases(), "split": split_cases()}
    lines = [json.dumps(header())[1:-1]]
    lines += [f"{json.dumps(key)}: {json.dumps(list(cases))}" for key, cases in data.items()]
    path = folder / "datasets.json"
    path.write_text("{" + ",\n".join(lines) + "}\n", encoding="ascii")
    print(f"{path}: {path.stat().st_size} bytes")
