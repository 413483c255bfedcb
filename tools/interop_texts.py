# SPDX-License-Identifier: Apache-2.0
"""Random models of texts, with an adapted TextVectorization first."""

import random

import keras
import numpy as np
import tensorflow as tf

LETTERS = "abcdeABCD  \t.,!'-\u00e9\u00c9\u00df\u4f60\u597d\U0001f600\u00a0"


def text_spec(seed):
    rng = random.Random(seed)
    mode = rng.choice(["int", "int", "multi_hot", "count", "tf_idf"])
    options = {
        "standardize": rng.choice([None, "lower", "strip_punctuation",
                                   "lower_and_strip_punctuation"]),
        "split": rng.choice(["whitespace", "character"]), "output_mode": mode,
        "ngrams": rng.choice([None, None, 2, (1, 3), (2,)]),
        "max_tokens": rng.choice([None, rng.randint(5, 60)]),
    }
    if mode == "int":
        options["output_sequence_length"] = rng.choice([None, rng.randint(1, 12)])
    elif options["max_tokens"]:
        options["pad_to_max_tokens"] = rng.random() < 0.5
    return {"seed": seed, "options": options, "flat": rng.random() < 0.5,
            "mask_zero": rng.random() < 0.7, "units": rng.randint(1, 6)}


def random_texts(seed, count):
    """Texts without line breaks; the first has tokens, however it is split."""
    rng = random.Random(seed)
    texts = ["".join(rng.choice(LETTERS) for _ in range(rng.randint(0, 40))) for _ in range(count)]
    return ["a b c a b d", *texts]


def make_text_model(spec):
    layers, options = keras.layers, spec["options"]
    words = layers.TextVectorization(**options)
    words.adapt(random_texts(spec["seed"], 30))
    model = keras.Sequential([keras.Input(() if spec["flat"] else (1,), dtype="string"), words])
    if options["output_mode"] == "int":
        size = words.vocabulary_size()
        model.add(layers.Embedding(size, 4, mask_zero=spec["mask_zero"]))
        model.add(layers.GRU(spec["units"]))
    model.add(layers.Dense(2))
    return model, words


def text_tensor(model, texts):
    return tf.constant(texts if len(model.inputs[0].shape) == 1 else [[text] for text in texts])


def describe_texts(spec):
    options = spec["options"]
    return " ".join(str(options[key]) for key in ("output_mode", "split", "standardize", "ngrams"))


def check_texts(spec, engram, folder, load, same, report):
    """Predictions of texts from Keras's file and, after an epoch, from engram's in both."""
    model, words = make_text_model(spec)
    model.compile(optimizer="adam", loss="mse")
    model.save(folder / "model.keras")
    texts = random_texts(spec["seed"] + 1, 20)
    (folder / "texts.txt").write_text("\n".join(texts) + "\n", encoding="utf-8")

    def predict(file):
        engram.run("predict", file, "--texts", "texts.txt", "--output", "y.npy")
        return [np.load(folder / "y.npy")]

    theirs = model.predict(text_tensor(model, texts), batch_size=32, verbose=0)
    report["predict"] = same("predictions", predict("model.keras"), [theirs])
    np.save(folder / "x0.npy", np.asarray(words(text_tensor(model, texts)), "float32"))
    np.save(folder / "y0.npy", np.zeros(theirs.shape, "float32"))
    engram.train("model.keras", "out.keras", 1, 8)
    written = load(folder / "out.keras")
    theirs = written.predict(text_tensor(model, texts), batch_size=32, verbose=0)
    report["reopen"] = same("predictions of engram's file", predict("out.keras"), [theirs])
