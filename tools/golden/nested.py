# SPDX-License-Identifier: Apache-2.0
"""keras/graph_nested_*.keras: models with models as layers, for the same test as graphs.py."""

import keras
from keras import layers as L

from golden.graphs import graph_case
from golden.streams import integers, stream


def nested_line():
    """Models in a line, one of them two deep and making masks, one that does not learn."""
    words = keras.Sequential([L.Embedding(5, 2, mask_zero=True), L.LSTM(3, return_sequences=True)],
                             name="words")
    steps = keras.Sequential([words, L.TimeDistributed(L.Dense(3))], name="steps")
    fixed = keras.Sequential([L.Input((4, 3)), L.GRU(3, return_sequences=True)], name="fixed")
    fixed.trainable = False
    model = keras.Sequential([L.Input((4,)), steps, fixed, L.SimpleRNN(2), L.Dense(1)])
    model.compile(keras.optimizers.Adam(0.01), "mse")
    return model, [integers(1, (5, 4), 5)], [stream(2, (5, 1))]


def nested_shared():
    """A model of two inputs and two outputs, called twice, behind a mask; its outputs come out."""
    a, b = L.Input((4, 2), name="a"), L.Input((3,), name="b")
    sequence, h = L.GRU(3, return_sequences=True, return_state=True)(a, initial_state=b)
    line = keras.Sequential([L.Input((4, 3)), L.Dense(2, activation="tanh"), L.LSTM(2)])
    inner = keras.Model([a, b], [line(sequence), L.Dense(2, activation="softmax")(h)], name="inner")
    x, y = L.Input((4, 2), name="x"), L.Input((4, 2), name="y")
    state = L.Dense(3)(L.Flatten()(y))
    p, q = inner([L.Masking()(x), state])
    r, s = inner([y, L.Add()([state, L.Dense(3)(q)])])
    model = keras.Model([x, y], [L.Dense(1, name="price")(L.Concatenate()([p, q, r])), s])
    model.compile(keras.optimizers.Adam(0.01), ["mse", "sparse_categorical_crossentropy"])
    rows = [stream(1, (5, 4, 2)), stream(2, (5, 4, 2))]
    rows[0][1, :2] = rows[0][2, 3:] = 0
    return model, rows, [stream(3, (5, 1)), integers(4, (5, 1), 2)]


def make_nested(folder):
    folder = folder / "keras"
    folder.mkdir(exist_ok=True)
    for seed, make in enumerate((nested_line, nested_shared), 2401):
        graph_case(folder, seed, make)
