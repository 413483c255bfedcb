# SPDX-License-Identifier: Apache-2.0
"""hashing.json: Hashing and HashedCrossing with all their options; keras/text_hashes.keras: a model
that begins with them, and what it predicts of texts and numbers."""

import json

import keras
import numpy as np
import tensorflow as tf
from keras import layers as L

from golden.models import fill, precision
from golden.streams import header, write_json
from golden.texts import NEW, TEXTS, plain

ALL = NEW + TEXTS
CODES = np.array([[12, 7], [-5, 36], [12, 12], [0, 99], [16777215, -16777216]])


def hashing_cases():
    words = np.array([[text, text[:3]] for text in ALL], object)
    for kind, x, mask in (("texts", words, ""), ("numbers", CODES, 12)):
        yield kind, "default", {"num_bins": 7}, x
        yield kind, "one_bin", {"num_bins": 1, "mask_value": mask}, x
        yield kind, "mask", {"num_bins": 5, "mask_value": mask}, x
        yield kind, "salt", {"num_bins": 1 << 20, "salt": 133}, x
        yield kind, "salts", {"num_bins": 9, "salt": [3, 9 << 40], "mask_value": mask}, x
        for mode in ("one_hot", "multi_hot", "count"):
            yield kind, mode, {"num_bins": 4, "output_mode": mode, "mask_value": mask}, x
        yield kind, "one_hot_1", {"num_bins": 4, "output_mode": "one_hot"}, x[:, :1]
        yield kind, "rank_3", {"num_bins": 3}, x.reshape(-1, 2, 1)
        yield kind, "vector", {"num_bins": 6}, x[:, 0]
    yield "numbers", "fractions", {"num_bins": 64, "mask_value": 2}, np.array(
        [[2.0, 2.5], [-0.75, 3.0]], np.float32)


def hashing_case(kind, name, options, x):
    layer = L.Hashing(**options)
    result = np.asarray(layer(tf.constant(x.tolist() if kind == "texts" else x)))
    return {"class_name": "Hashing", "kind": kind, "name": name,
            "config": dict(layer.get_config(), dtype=None, name="t"),
            "shape": list(x.shape[1:]), "x": x.reshape(-1).tolist(), "result": plain(result)}


def crossing_cases():
    texts = np.array(ALL[:8], object)[:, None]
    others = np.array(ALL[::-1][:8], object)[:, None]
    codes = np.array([0, 1, -1, 7, 99, -3, 16777215, 12])[:, None]
    for mode in ("int", "one_hot"):
        for bins in (1, 5, 1000):
            yield mode, bins, [texts, codes]
        yield mode, 7, [codes, texts]
        yield mode, 7, [codes, codes[::-1]]
        yield mode, 7, [texts, others]
        yield mode, 7, [texts[:, 0], others[:, 0]]


def crossing_case(mode, bins, inputs):
    layer = L.HashedCrossing(bins, output_mode=mode)
    x = [tf.constant(a.tolist(), "int64" if a.dtype != object else None) for a in inputs]
    return {"class_name": "HashedCrossing", "config": dict(layer.get_config(), name="t"),
            "shape": list(inputs[0].shape[1:]),
            "inputs": [a.reshape(-1).tolist() for a in inputs],
            "result": plain(np.asarray(layer(x)))}


def hashes():
    """Texts and numbers hashed, crossed, embedded, and in vectors."""
    city, street = L.Input((1,), dtype="string", name="city"), L.Input((1,), dtype="string",
                                                                      name="street")
    words = L.Input((3,), dtype="string", name="words")
    code, codes = L.Input((1,), dtype="int64", name="code"), L.Input((2,), name="codes")
    crossed = L.HashedCrossing(9)([city, code])
    both = L.HashedCrossing(5, output_mode="one_hot")([code, street])
    bag = L.Hashing(6, output_mode="multi_hot", mask_value="", salt=[7, 8])(words)
    rows = L.Hashing(8, mask_value=12)(codes)
    joined = L.Concatenate()([L.Flatten()(L.Embedding(9, 3)(crossed)), both, bag,
                              L.Flatten()(L.Embedding(8, 2)(rows))])
    return keras.Model([city, street, words, code, codes], L.Dense(2)(joined))


def hashes_model(folder, seed):
    keras.backend.clear_session()
    model = hashes()
    fill(model, seed)
    path = folder / "keras" / "text_hashes.keras"
    model.save(path)
    city, street = ALL[:8], ALL[3:11]
    words = [[text, text[::-1], text[2:5]] for text in city]
    code = np.array([[12], [7], [36], [5], [0], [-1], [12], [99]])
    codes = np.concatenate([code, code[::-1]], 1).astype("float32")
    x = [tf.constant([[t] for t in city]), tf.constant([[t] for t in street]), tf.constant(words),
         tf.constant(code), tf.constant(codes)]
    expected = {"city": city, "street": street, "words": sum(words, []), "code": plain(code),
                "codes": plain(codes), "predict": plain(model.predict(x, verbose=0))}
    text = json.dumps(header())[:-1] + ", " + json.dumps(expected)[1:] + "\n"
    path.with_suffix(".json").write_text(text, encoding="ascii")
    print(f"{path}: {path.stat().st_size} + {len(text)} bytes")


def make_hashing(folder):
    with precision("float32"):
        cases = [hashing_case(*case) for case in hashing_cases()]
        cases += [crossing_case(*case) for case in crossing_cases()]
        write_json(folder / "hashing.json", header(), cases)
        hashes_model(folder, 2501)
