# SPDX-License-Identifier: Apache-2.0
"""texts.json: TextVectorization, StringLookup, IntegerLookup and Discretization with all their
options; keras/text_*.keras: models that begin with them, and what they predict of texts."""

import json

import keras
import numpy as np
import tensorflow as tf

from golden.models import fill, precision
from golden.streams import header, numbers, stream

TEXTS = [
    "The cat sat on the mat.",
    "the dog, the cat & the bird!",
    "",
    "  A\tBIRD\u00a0sings\u2003high\n",
    "\u00c9T\u00c9 \u00e9t\u00e9 \u4f60\u597d, \u4f60\u597d!",
    "don't stop -- can't_stop (won't) [stop]",
    "bird bird bird cat dog unknown",
    "\U0001f600 smile \U0001f600\x0bline\x0cfeed\x1cno",
]
NEW = ["a dog sat there", "", "Stop! BIRD? \u4f60\u597d x", "the the the cat the cat mat on sat dog bird a"]
WORDS = ["red", "green", "red", "blue", "green", "red", "zebra", "ant"]


def plain(value):
    return {"shape": list(value.shape), "values": numbers(value)}


def text_cases():
    yield "default", {}, None
    yield "lower", {"standardize": "lower"}, None
    yield "strip", {"standardize": "strip_punctuation", "max_tokens": 8}, None
    yield "no_standardize", {"standardize": None, "output_sequence_length": 3}, None
    yield "character", {"split": "character", "output_sequence_length": 30}, None
    yield "no_split", {"split": None}, None
    yield "ngrams_2", {"ngrams": 2}, None
    yield "ngrams_tuple", {"ngrams": (3, 1), "max_tokens": 20}, None
    yield "multi_hot", {"output_mode": "multi_hot"}, None
    yield "multi_hot_padded", {"output_mode": "multi_hot", "max_tokens": 60,
                               "pad_to_max_tokens": True}, None
    yield "count", {"output_mode": "count", "max_tokens": 10}, None
    yield "tf_idf", {"output_mode": "tf_idf"}, None
    yield "tf_idf_padded", {"output_mode": "tf_idf", "max_tokens": 60, "ngrams": 2,
                            "pad_to_max_tokens": True, "split": "character"}, None
    yield "given", {"vocabulary": ["cat", "dog", "the"]}, False
    yield "given_special", {"vocabulary": ["", "[UNK]", "cat", "dog"],
                            "output_sequence_length": 5}, False
    yield "given_tf_idf", {"output_mode": "tf_idf", "vocabulary": ["cat", "dog", "the"],
                           "idf_weights": [0.5, 1.25, 2.0]}, False
    yield "given_tf_idf_special", {"output_mode": "tf_idf", "vocabulary": ["[UNK]", "cat", "dog"],
                                   "idf_weights": [0.25, 1.25, 2.0], "max_tokens": 5,
                                   "pad_to_max_tokens": True}, False


def text_case(name, options, adapts):
    layer = keras.layers.TextVectorization(**options)
    if adapts is None:
        layer.adapt(np.array(TEXTS, object))
    result = layer(tf.constant([[text] for text in NEW + TEXTS]))
    return {"name": name, "config": dict(layer.get_config(), dtype=None, name="t"),
            "adapts": adapts is None, "vocabulary": layer.get_vocabulary(),
            "result": plain(result.numpy())}


def lookup_cases():
    words = {"vocabulary": ["red", "green", "blue"]}
    rows = np.array([["red", "x"], ["", "blue"], ["green", "green"], ["[UNK]", "red"]], object)
    yield "StringLookup", "default", {}, rows, True
    yield "StringLookup", "mask", dict(words, mask_token=""), rows, False
    yield "StringLookup", "no_oov", dict(words, num_oov_indices=0), np.array([["red"], ["blue"]],
                                                                             object), False
    yield "StringLookup", "special", {"vocabulary": ["", "[UNK]", "red"], "mask_token": ""}, rows, False
    yield "StringLookup", "one_hot", dict(words, output_mode="one_hot"), rows, False
    yield "StringLookup", "one_hot_1", dict(words, output_mode="one_hot", mask_token=""), rows[:, :1], False
    yield "StringLookup", "multi_hot", dict(words, output_mode="multi_hot", mask_token=""), rows, False
    yield "StringLookup", "count", {"output_mode": "count", "max_tokens": 4}, rows, True
    yield "StringLookup", "tf_idf", {"output_mode": "tf_idf", "max_tokens": 9,
                                     "pad_to_max_tokens": True}, rows, True
    many = np.array([["w" * i, chr(960) * i] for i in range(0, 70, 3)], object)
    yield "StringLookup", "oov_5", dict(words, num_oov_indices=5, mask_token=""), many, False
    yield "StringLookup", "oov_7_salt", dict(words, num_oov_indices=7, salt=[3, 9 << 40]), many, False
    codes = np.array([[12, 7], [-5, 36], [12, 12], [0, 99]])
    some = {"vocabulary": [12, 36, -3]}
    yield "IntegerLookup", "default", {}, codes, True
    yield "IntegerLookup", "mask", dict(some, mask_token=0), codes, False
    yield "IntegerLookup", "oov_3", dict(some, num_oov_indices=3), codes, False
    yield "IntegerLookup", "oov_3_mask", dict(some, num_oov_indices=3, mask_token=0), codes, False
    yield "IntegerLookup", "farmhash", dict(some, num_oov_indices=4, oov_method="farmhash"), codes, False
    yield "IntegerLookup", "salt", dict(some, num_oov_indices=4, oov_method="farmhash",
                                        salt=5), codes, False
    yield "IntegerLookup", "one_hot", dict(some, output_mode="one_hot", mask_token=0), codes, False
    yield "IntegerLookup", "multi_hot", dict(some, output_mode="multi_hot", num_oov_indices=2), codes, False
    yield "IntegerLookup", "count", dict(some, output_mode="count", mask_token=0), codes, False
    yield "IntegerLookup", "tf_idf", {"output_mode": "tf_idf"}, codes, True
    yield "IntegerLookup", "invert", dict(some, invert=True, mask_token=0), np.array([[0, 1], [2, 3], [4, 9]]), False


def lookup_case(kind, name, options, x, adapts):
    layer = getattr(keras.layers, kind)(**options)
    if adapts:
        layer.adapt(np.array([[w] for w in WORDS], object) if kind == "StringLookup" else
                    np.array([[12, 36], [36, 7], [7, 12], [12, 5]]))
    result = layer(tf.constant(x.tolist() if kind == "StringLookup" else x))
    config = dict(layer.get_config(), dtype=None, name="t")
    config["idf_weights"] = config["idf_weights"] and numbers(np.array(config["idf_weights"]))
    return {"kind": kind, "name": name, "config": config, "adapts": adapts,
            "x": x.tolist(),
            "vocabulary": [w if isinstance(w, str) else int(w) for w in layer.get_vocabulary()], "result": plain(result.numpy())}


def hashes():
    """TensorFlow's two hashes of texts of 0 to 199 bytes."""
    texts = [bytes((i * 37 + 11) % 256 for i in range(size)) for size in range(200)]
    fast = tf.strings.to_hash_bucket_fast(texts, 1 << 62).numpy()
    strong = tf.strings.to_hash_bucket_strong(texts, 1 << 62, [133, 1 << 30]).numpy()
    return [[int(a), int(b)] for a, b in zip(fast, strong)]


def discretization_case(name, options, x, data):
    layer = keras.layers.Discretization(**options)
    if data is not None:
        layer.adapt(data)
    result = np.asarray(layer(tf.constant(x)))
    return {"name": name, "config": dict(layer.get_config(), name="t"), "x": plain(x),
            "options": options, "data": plain(data) if data is not None else None,
            "boundaries": numbers(np.array(layer.bin_boundaries)), "result": plain(result)}


def discretization_cases():
    x = np.array([[-1.5, 1.0, 3.4, 0.5], [0.0, 3.0, 1.3, 0.0]], np.float32)
    given = {"bin_boundaries": [0.0, 1.0, 2.0]}
    yield "given", given, x, None
    for mode in ("one_hot", "multi_hot", "count"):
        yield mode, dict(given, output_mode=mode), x, None
    yield "one_hot_1", dict(given, output_mode="one_hot"), x[:, :1], None
    yield "adapted_few", {"num_bins": 4}, x, x
    many = stream(77, (50, 20)) ** 3
    yield "adapted_many", {"num_bins": 6}, x, many
    yield "adapted_coarse", {"num_bins": 3, "epsilon": 0.2}, x, many
    yield "adapted_repeats", {"num_bins": 5}, x, np.round(many * 2)
    yield "adapted_one", {"num_bins": 1}, x, many


def text_models():
    layers = keras.layers

    def line(words, *others, shape=(1,)):
        return keras.Sequential([keras.Input(shape, dtype="string"), words, *others])

    ids = layers.TextVectorization(max_tokens=12, output_sequence_length=6)
    ids.adapt(TEXTS)
    yield "text_ids", line(ids, layers.Embedding(12, 3, mask_zero=True), layers.LSTM(3), layers.Dense(1)), 1
    open_ids = layers.TextVectorization()
    open_ids.adapt(TEXTS)
    yield "text_open", line(open_ids, layers.Embedding(40, 3), layers.GRU(2), layers.Dense(1), shape=()), 1
    weights = layers.TextVectorization(output_mode="tf_idf", ngrams=2)
    weights.adapt(TEXTS[:7])
    yield "text_tf_idf", line(weights, layers.Dense(2)), 1
    given = layers.TextVectorization(vocabulary=["cat", "dog", "the", "bird"], split="whitespace",
                                     output_mode="count")
    text, colour, code, size = (keras.Input((), dtype="string", name="text"),
                                keras.Input((2,), dtype="string", name="colour"),
                                keras.Input((1,), name="code"), keras.Input((2,), name="size"))
    words = layers.StringLookup(output_mode="multi_hot")
    words.adapt(np.array([[w] for w in WORDS], object))
    codes = layers.IntegerLookup(num_oov_indices=2)
    codes.adapt(np.array([[12], [36], [12], [7]]))
    bins = layers.Discretization(bin_boundaries=[-0.5, 0.0, 0.5], output_mode="one_hot")
    joined = layers.Concatenate()([
        given(text), words(colour), layers.Flatten()(layers.Embedding(6, 2)(codes(code))),
        layers.Flatten()(bins(size))])
    yield "text_graph", keras.Model([text, colour, code, size], layers.Dense(1)(joined)), 4


def text_model(folder, seed, name, model, inputs):
    fill(model, seed)
    path = folder / "keras" / f"{name}.keras"
    texts = NEW + TEXTS[:4]
    expected = {"name": name, "texts": texts}
    x = tf.constant([[text] for text in texts] if len(model.inputs[0].shape) > 1 else texts)
    if inputs > 1:
        colours = [[WORDS[i], WORDS[-1 - i]] for i in range(8)]
        code = np.array([[12], [7], [36], [5], [0], [-1], [12], [99]], np.float32)
        size = stream(seed * 1000 + 5, (8, 2))
        expected.update(colours=sum(colours, []), code=plain(code), size=plain(size))
        x = [x, tf.constant(colours), tf.constant(code), tf.constant(size)]
    model.save(path)
    # Of the file, which is not always the model's: a token with a line break becomes two.
    predicted = keras.saving.load_model(path).predict(x, verbose=0, batch_size=4)
    expected.update(predict=plain(predicted))
    text = json.dumps(header())[:-1] + ", " + json.dumps(expected)[1:] + "\n"
    path.with_suffix(".json").write_text(text, encoding="ascii")
    print(f"{path}: {path.stat().st_size} + {len(text)} bytes")


def make_texts(folder):
    with precision("float32"):
        data = {"texts": TEXTS, "new": NEW, "words": WORDS,
                "text_vectorization": [text_case(*case) for case in text_cases()],
                "hashes": hashes(),
                "lookups": [lookup_case(*case) for case in lookup_cases()],
                "discretization": [discretization_case(*case) for case in discretization_cases()]}
        path = folder / "texts.json"
        lines = [json.dumps(header())[1:-1]]
        lines += [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in data.items()]
        path.write_text("{" + ",\n".join(lines) + "}\n", encoding="ascii")
        print(f"{path}: {path.stat().st_size} bytes")
        keras.backend.clear_session()  # names count from the beginning again
        for seed, (name, model, inputs) in enumerate(text_models(), 2401):
            text_model(folder, seed, name, model, inputs)
