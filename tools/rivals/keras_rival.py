# SPDX-License-Identifier: Apache-2.0
"""Keras on TensorFlow's side of the timings: make(work, cell) gives a function that does it once."""
import os

import numpy

from cases import BATCH, ROWS, STEPS

THREADS = int(os.environ["RIVAL_THREADS"])  # TensorFlow takes it at its start only
import tensorflow  # noqa: E402

tensorflow.config.threading.set_intra_op_parallelism_threads(THREADS)
tensorflow.config.threading.set_inter_op_parallelism_threads(THREADS)
import keras  # noqa: E402

NAME = "Keras"
VERSION = f"{keras.__version__} on TensorFlow {tensorflow.__version__}"
KINDS = {"lstm": keras.layers.LSTM, "gru": keras.layers.GRU, "rnn": keras.layers.SimpleRNN}


def set_threads(count):
    assert count == THREADS


def letters():
    model = keras.Sequential([keras.Input((1, 5)), keras.layers.SimpleRNN(3),
                              keras.layers.Dense(5, activation="softmax")])
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy",
                  metrics=["sparse_categorical_accuracy"])
    x, y = numpy.eye(5, dtype="f").reshape(5, 1, 5), numpy.array([1, 2, 3, 4, 0])
    model.fit(x, y, batch_size=32, epochs=100, verbose=0)


def make(work, cell):
    if work == "letters":
        return letters
    if work == "single_row":
        model = keras.Sequential([keras.Input((3, 1)), keras.layers.SimpleRNN(6),
                                  keras.layers.Dense(1)])
        model.compile(keras.optimizers.RMSprop(), "mean_squared_error")
        x, y = numpy.random.rand(1, 3, 1).astype("f"), numpy.random.rand(1, 1).astype("f")
        return lambda: model.train_on_batch(x, y)
    kind = KINDS[cell]
    model = keras.Sequential([
        keras.Input((STEPS, 1)), kind(80, return_sequences=True), keras.layers.Dropout(0.2),
        kind(100), keras.layers.Dropout(0.2), keras.layers.Dense(1)])
    model.compile(keras.optimizers.Adam(0.001), "mean_squared_error")
    x = numpy.random.rand(ROWS, STEPS, 1).astype("f")
    y = numpy.random.rand(ROWS, 1).astype("f")
    if work == "epoch":
        return lambda: model.fit(x, y, batch_size=BATCH, epochs=1, verbose=0)
    if work == "window":
        return lambda: model.predict(x[:1], verbose=0)
    return lambda: model.predict(x, batch_size=256, verbose=0)
