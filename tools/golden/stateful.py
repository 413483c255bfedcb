# SPDX-License-Identifier: Apache-2.0
"""keras/stateful_*.keras: models whose layers carry states from batch to batch, and what they do."""

import json

import keras
from keras import layers as L

from golden.graphs import stored
from golden.models import fill, precision
from golden.streams import header, number, stream

BATCH, BATCHES = 3, 4


def stack():
    """Each kind of cell, one of them backwards."""
    return keras.Sequential([
        L.Input(batch_shape=(BATCH, 4, 2)),
        L.LSTM(3, stateful=True, return_sequences=True),
        L.SimpleRNN(3, stateful=True, return_sequences=True, go_backwards=True),
        L.GRU(2, stateful=True),
        L.Dense(1),
    ])


def graph():
    """Masked first steps behind carried states, two directions, a layer called twice, and one that
    is given its first states and carries them all the same to the sequence's end."""
    x = L.Input(batch_shape=(BATCH, 4, 2), name="x")
    masked = L.Masking()(x)
    steps = L.LSTM(2, stateful=True, return_sequences=True)(masked)
    both = L.Bidirectional(L.GRU(2, stateful=True), merge_mode="sum")(steps)
    twice = L.SimpleRNN(2, stateful=True, name="twice")
    first = twice(x)
    given, state = L.GRU(2, stateful=True, return_state=True)(x, initial_state=first)
    joined = L.Concatenate()([both, twice(steps), given, state])
    return keras.Model(x, L.Dense(1)(joined))


def images():
    return keras.Sequential([
        L.Input(batch_shape=(BATCH, 3, 4, 2)),
        L.ConvLSTM1D(2, 2, padding="same", stateful=True, return_sequences=True),
        L.ConvLSTM1D(2, 3, stateful=True),
        L.Flatten(),
        L.Dense(1),
    ])


class ResetStates(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        reset_states(self.model)


def reset_states(model):
    for layer in model.layers:
        if getattr(layer, "stateful", False):
            layer.reset_state()


def history(fitted):
    return {key: [number(v) for v in values] for key, values in fitted.history.items()}


def stateful_case(folder, seed, make):
    with precision("float32"):
        model = make()
        model.compile(keras.optimizers.Adam(0.01), "mse")
        fill(model, seed)
        path = folder / f"stateful_{make.__name__}.keras"
        model.save(path)
        shape = (BATCH * BATCHES, *model.input_shape[1:])
        x, y = stream(seed * 1000, shape), stream(seed * 1000 + 1, (shape[0], 1))
        if make is graph:
            x[4, 0] = x[7, 0:2] = x[11, 2:] = 0
        expected = {"x": stored(x), "y": stored(y)}
        options = {"batch_size": BATCH, "verbose": 0}
        expected["predictions"] = [stored(model.predict(x, **options)) for _ in range(2)]
        reset_states(model)
        expected["predictions"].append(stored(model.predict(x, **options)))
        training = {**options, "shuffle": False, "validation_data": (x[:6], y[:6])}
        expected["reset"] = history(
            model.fit(x, y, epochs=2, callbacks=[ResetStates()], **training))
        expected["carried"] = history(model.fit(x, y, epochs=1, **training))
        expected["evaluated"] = number(model.evaluate(x, y, **options))
        expected["predictions"].append(stored(model.predict(x, **options)))
        expected["weights_after"] = [stored(w) for w in model.get_weights()]
    text = json.dumps(header())[:-1] + ", " + json.dumps(expected)[1:] + "\n"
    path.with_suffix(".json").write_text(text, encoding="ascii")
    print(f"{path}: {path.stat().st_size} + {len(text)} bytes")


def make_stateful(folder):
    folder = folder / "keras"
    folder.mkdir(exist_ok=True)
    for seed, make in enumerate((stack, graph, images), 2301):
        stateful_case(folder, seed, make)
