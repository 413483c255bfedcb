# SPDX-License-Identifier: Apache-2.0
"""Runs the chapter's four letter programs in real Keras, many seeds each, and prints one JSON.

Usage: python tools/keras_letters.py [--seeds 20] [--epochs 100]

Each run reports the accuracy on the training letters of the final weights and of the weights with
the best epoch loss: those are what the programs' checkpoint keeps (monitor 'loss', best only).
The loss of an epoch is measured before its update, the kept weights are those after it.
"""

import argparse
import json
import os
import sys

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

LETTERS = "abcde"
FOUR_LETTERS = {"abcd": "e", "bcde": "a", "cdea": "b", "deab": "c", "eabc": "d"}
ONE_LETTER = {"a": "b", "b": "c", "c": "d", "d": "e", "e": "a"}


def ids(text):
    return [ord(letter) - ord("a") for letter in text]


def pairs(table):
    x = np.array([ids(key) for key in table], "int32")
    y = np.array([ids(value)[0] for value in table.values()], "int32")
    return x, y


def one_hot(x):
    return np.eye(len(LETTERS), dtype="float32")[x]


def alphabet_windows():
    alphabet = np.arange(26, dtype="int32")
    x = np.array([alphabet[i - 4 : i] for i in range(4, 26)])
    return x, alphabet[4:]


def shuffled(x, y):
    """The chapter's order: the same seed before each shuffle, so x and y stay paired."""
    x, y = list(x), list(y)
    np.random.seed(7)
    np.random.shuffle(x)
    np.random.seed(7)
    np.random.shuffle(y)
    return np.array(x), np.array(y)


def embedding_model(words, units):
    layers = keras.layers
    return [
        layers.Embedding(words, 2),
        layers.SimpleRNN(units),
        layers.Dense(words, activation="softmax"),
    ]


def one_hot_model():
    return [keras.layers.SimpleRNN(3), keras.layers.Dense(5, activation="softmax")]


def programs():
    """name -> (x, y, layers)"""
    x1, y1 = pairs(ONE_LETTER)
    x4, y4 = pairs(FOUR_LETTERS)
    xa, ya = alphabet_windows()
    return {
        "letters-onehot-1": (one_hot(x1), y1, one_hot_model),
        "letters-onehot-4": (one_hot(x4), y4, one_hot_model),
        "letters-embedding-1": (x1, y1, lambda: embedding_model(5, 3)),
        "letters-embedding-4": (xa, ya, lambda: embedding_model(26, 10)),
    }


class BestByLoss(keras.callbacks.Callback):
    """Keeps in memory what ModelCheckpoint(monitor='loss', save_best_only=True) would write."""

    def on_train_begin(self, logs=None):
        self.loss, self.epoch, self.weights = float("inf"), None, None

    def on_epoch_end(self, epoch, logs=None):
        if logs["loss"] < self.loss:
            self.loss, self.epoch = logs["loss"], epoch
            self.weights = self.model.get_weights()


def evaluate(model, x, y):
    return model.evaluate(x, y, batch_size=32, verbose=0, return_dict=True)


def train(x, y, layers, seed, epochs):
    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
    x, y = shuffled(x, y)
    model = keras.Sequential(layers())
    model.compile(
        optimizer=keras.optimizers.Adam(0.01),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=False),
        metrics=["sparse_categorical_accuracy"],
    )
    best = BestByLoss()
    model.fit(x, y, batch_size=32, epochs=epochs, verbose=0, callbacks=[best])
    final = evaluate(model, x, y)
    model.set_weights(best.weights)
    kept = evaluate(model, x, y)
    return {
        "seed": seed,
        "params": model.count_params(),
        "final_accuracy": final["sparse_categorical_accuracy"],
        "final_loss": final["loss"],
        "best_epoch": best.epoch + 1,
        "best_epoch_loss": best.loss,
        "best_accuracy": kept["sparse_categorical_accuracy"],
        "best_loss": kept["loss"],
    }


def summary(runs):
    return {
        "runs": len(runs),
        "all_right_final": sum(run["final_accuracy"] == 1.0 for run in runs),
        "all_right_best": sum(run["best_accuracy"] == 1.0 for run in runs),
        "mean_best_accuracy": float(np.mean([run["best_accuracy"] for run in runs])),
        "median_best_loss": float(np.median([run["best_loss"] for run in runs])),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--epochs", type=int, default=100)
    arguments = parser.parse_args()
    result = {"keras": keras.__version__, "epochs": arguments.epochs, "programs": {}}
    for name, (x, y, layers) in programs().items():
        runs = []
        for seed in range(arguments.seeds):
            runs.append(train(x, y, layers, seed, arguments.epochs))
            print(f"{name} {runs[-1]}", file=sys.stderr)
        result["programs"][name] = {"summary": summary(runs), "runs": runs}
    json.dump(result, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
