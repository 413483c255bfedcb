# SPDX-License-Identifier: Apache-2.0
"""keras/graph_rnn_*.keras and stateful_cells.keras: RNN of one cell and of several."""

import keras
from keras import layers as L

from golden.graphs import graph_case
from golden.stateful import BATCH, stateful_case
from golden.streams import stream


def rnn_line():
    """One cell each, and stacks of them, backwards and behind a mask."""
    model = keras.Sequential([
        L.Input((5, 2)),
        L.Masking(),
        L.RNN(L.LSTMCell(3, activation="relu"), return_sequences=True, zero_output_for_mask=True),
        L.RNN([L.GRUCell(3), L.SimpleRNNCell(4, use_bias=False), L.GRUCell(2, reset_after=False)],
              go_backwards=True, return_sequences=True),
        L.Bidirectional(L.RNN([L.LSTMCell(2), L.LSTMCell(3)], return_sequences=True)),
        L.RNN(L.SimpleRNNCell(2, trainable=False)),
        L.Dense(1),
    ])
    model.compile(keras.optimizers.Adam(0.01), "mse")
    x = stream(1, (5, 5, 2))
    x[1, :2] = x[2, 3:] = x[3, 1] = 0
    return model, [x], [stream(2, (5, 1))]


def rnn_states():
    """States of all cells go out, and in elsewhere; a stack is called twice."""
    x, y = L.Input((4, 2), name="x"), L.Input((3, 2), name="y")
    stack = L.RNN([L.GRUCell(2), L.LSTMCell(3)], return_state=True, return_sequences=True)
    sequence, g, (h, c) = stack(x)
    again, g2, (h2, c2) = stack(y, initial_state=[g, [h, c]])
    single, s, t = L.RNN(L.LSTMCell(3), return_state=True)(sequence, initial_state=[h2, c2])
    last = L.Concatenate()([single, s, t, g2, L.GlobalMaxPooling1D()(again)])
    model = keras.Model([x, y], L.Dense(2)(last))
    model.compile(keras.optimizers.Adam(0.01), "mse")
    return model, [stream(1, (5, 4, 2)), stream(2, (5, 3, 2))], [stream(3, (5, 2))]


def cells():
    return keras.Sequential([
        L.Input(batch_shape=(BATCH, 4, 2)),
        L.RNN(L.GRUCell(3), stateful=True, return_sequences=True),
        L.RNN(L.LSTMCell(2), stateful=True),
        L.Dense(1),
    ])


def make_rnn_cells(folder):
    folder = folder / "keras"
    folder.mkdir(exist_ok=True)
    for seed, make in enumerate((rnn_line, rnn_states), 2501):
        graph_case(folder, seed, make)
    stateful_case(folder, 2503, cells)
