# SPDX-License-Identifier: Apache-2.0
"""The number streams, and how tensors and cases are written: see make_golden.py."""

import json

import keras
import numpy as np
import tensorflow as tf

SEED = 7
R_INDEX, X_VALIDATION, Y_VALIDATION, DOT_INDEX = 900, 800, 801, 950
WEIGHT, WEIGHT_VALIDATION = 802, 803


def draws(seed, count):
    """The 24-bit integers k of the stream."""
    with np.errstate(over="ignore"):
        step = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = np.uint64(seed) + step
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(40)).astype(np.int64)


def stream(seed, shape, scale=1.0):
    k = draws(seed, int(np.prod(shape)))
    values = (k / 2.0**24 * 2.0 - 1.0).astype(np.float32) * np.float32(scale)
    return values.reshape(shape)


def integers(seed, shape, below):
    return (draws(seed, int(np.prod(shape))) % below).astype(np.int32).reshape(shape)


def weight_scale(name, shape):
    """A multiple of 1/64, so that it is exact in float32 and short in the file."""
    if "bias" in name:
        return 0.5
    if name in ("embeddings", "alpha", "gamma", "beta", "count") or name.endswith(
            ("mean", "variance")):
        return 1.0
    return max(1, round(64 / (shape[0] if shape else 1) ** 0.5)) / 64


def number(value):
    """The shortest decimal that float32 reads back."""
    return float(str(np.float32(value)))


def numbers(array):
    flat = np.asarray(array, np.float32).ravel()
    assert np.isfinite(flat).all()
    return [number(value) for value in flat]


def rounded(value):
    return float(f"{value:.2e}")


def stored(single, double, dot_seed):
    """What is written of a tensor: see the module's docstring."""
    single = np.asarray(single, np.float32)
    exact = single.astype(np.float64).ravel()
    difference = exact - np.asarray(double, np.float64).ravel()
    result = {"shape": list(single.shape)}
    if single.size <= 256:
        result["values"] = numbers(single)
    else:
        weights = stream(dot_seed, single.size).astype(np.float64)
        result["first"] = numbers(single.ravel()[:64])
        result["sum"] = float(exact.sum())
        result["l2"] = float(np.sqrt(np.sum(exact**2)))
        result["dot"] = float(exact @ weights)
        result["dot_seed"] = dot_seed
    result["error"] = rounded(np.abs(difference).max(initial=0))
    result["error_l2"] = rounded(np.sqrt(np.sum(difference**2)))
    return result


def header():
    return {
        "made_by": "tools/make_golden.py",
        "keras": keras.__version__,
        "tensorflow": tf.__version__,
        "numpy": np.__version__,
        "seed": SEED,
    }


def write_json(path, head, cases):
    """One case a line, so that differences can be read."""
    lines = ",\n".join(json.dumps(case, allow_nan=False) for case in cases)
    text = json.dumps(head)[:-1] + ', "cases": [\n' + lines + "\n]}\n"
    json.loads(text)
    path.write_text(text, encoding="ascii")
    print(f"{path}: {len(cases)} cases, {len(text)} bytes")
