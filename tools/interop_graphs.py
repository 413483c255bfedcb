# SPDX-License-Identifier: Apache-2.0
"""Random graphs of layers for interop.py: several inputs and outputs, shared layers, merges, masks,
wrappers, cells, nested models, states handed on or kept, and attention. A seed decides all."""

import random

import keras
import numpy as np
from keras import layers as L

# Weights whose gradient is 0 but for rounding, which Adam makes steps of: what is added to all keys
# does not change a softmax.
FREE = ("key/bias", "key_bias")

MERGES = ("Add", "Multiply", "Average", "Maximum", "Minimum")


class Graph:
    """Grows a model: a pool of sequences of one length, each with its width."""

    def __init__(self, seed, rows):
        self.rows = rows  # of a batch, where layers are stateful
        self.rng = random.Random(f"graph {seed}")
        self.steps = self.rng.randint(2, 8)
        self.inputs, self.words, self.pool, self.names = [], [], [], []
        self.reversibles = []

    def note(self, name):
        self.names.append(name)

    def add_input(self):
        if self.rng.random() < 0.4:
            words = self.rng.randint(3, 12)
            x = L.Input((self.steps,), batch_size=self.rows)
            masked = self.rng.random() < 0.6
            if self.rng.random() < 0.3:
                layer = L.ReversibleEmbedding(
                    words, self.rng.randint(1, 5), mask_zero=masked,
                    tie_weights=self.rng.random() < 0.7,
                    logit_soft_cap=self.rng.choice([None, 0.5, 2.0]))
                self.reversibles.append(layer)
            else:
                layer = L.Embedding(words, self.rng.randint(1, 5), mask_zero=masked)
            y = layer(x)
            self.note(type(layer).__name__ + ("!" if masked else ""))
        else:
            words = 0
            x = y = L.Input((self.steps, self.rng.randint(1, 5)), batch_size=self.rows)
            if self.rng.random() < 0.4:
                y = L.Masking()(x)
                self.note("Masking")
        self.inputs.append(x)
        self.words.append(words)
        self.pool.append(y)

    def pick(self):
        return self.rng.choice(self.pool)

    def cell(self, units, **options):
        kind = self.rng.choice(["SimpleRNN", "LSTM", "GRU"])
        if kind != "SimpleRNN":  # which forgets it
            options["activity_regularizer"] = self.activity()
        return getattr(L, kind)(units, recurrent_initializer="orthogonal", **options)

    def stateful(self):
        return self.rows is not None and self.rng.random() < 0.7

    def projected(self, units, use_bias=True):
        """A tensor that no other layer reads: MultiHeadAttention takes masks off what it reads."""
        return L.Dense(units, activation=self.rng.choice(["linear", "tanh"]), use_bias=use_bias)(
            self.pick())

    def recurrent(self):
        layer = self.cell(self.rng.randint(1, 9), return_sequences=True,
                          go_backwards=self.rng.random() < 0.2, stateful=self.stateful())
        return layer(self.pick())

    def rnn(self):
        cells = [getattr(L, self.rng.choice(["SimpleRNNCell", "LSTMCell", "GRUCell"]))(
            self.rng.randint(1, 5)) for _ in range(self.rng.choice([1, 2, 3]))]
        return L.RNN(cells if len(cells) > 1 else cells[0], return_sequences=True,
                     go_backwards=self.rng.random() < 0.2, stateful=self.stateful())(self.pick())

    def nested(self):
        """A model of one line of layers, called once or twice."""
        units = self.rng.randint(1, 4)
        line = [self.cell(self.rng.randint(1, 5), return_sequences=True, stateful=self.stateful()),
                L.Dense(self.rng.randint(1, 4), activation="tanh")]
        if self.rng.random() < 0.5:
            model = keras.Sequential(line)
        else:
            x = L.Input((self.steps, units), batch_size=self.rows)
            model = keras.Model(x, line[1](line[0](x)))
        if self.rng.random() < 0.6:
            return model(self.projected(units))
        return L.Concatenate()([model(self.projected(units)), model(self.projected(units))])

    def nested_graph(self):
        """A model of two inputs and two outputs, with a model inside."""
        shape = (self.steps, self.rng.randint(1, 3))
        x, y = L.Input(shape, batch_size=self.rows), L.Input(shape, batch_size=self.rows)
        inside = keras.Sequential([L.Dense(3), self.cell(2, return_sequences=True)])
        sequence, state = L.GRU(2, return_sequences=True, return_state=True)(x)
        z = L.Add()([self.cell(2, return_sequences=True)(y), L.RepeatVector(self.steps)(state)])
        p, q = keras.Model([x, y], [inside(sequence), z])(
            [self.projected(shape[1]), self.projected(shape[1])])
        return L.Concatenate()([p, q])

    def shared(self):
        units = self.rng.randint(1, 4)
        layer = self.cell(self.rng.randint(1, 6), return_sequences=True)
        return L.Concatenate()([layer(self.projected(units)), layer(self.projected(units))])

    def reverse(self):
        layer = self.rng.choice(self.reversibles)
        return layer(self.projected(layer.output_dim), reverse=True)

    def bidirectional(self):
        return L.Bidirectional(
            self.cell(self.rng.randint(1, 5), return_sequences=True, stateful=self.stateful()),
            merge_mode=self.rng.choice(["concat", "sum", "mul", "ave"]))(self.pick())

    def time_distributed(self):
        return L.TimeDistributed(L.Dense(self.rng.randint(1, 5), activation="tanh"))(self.pick())

    def merge(self):
        units = self.rng.randint(1, 5)
        parts = [self.projected(units) for _ in range(self.rng.choice([2, 2, 3]))]
        return getattr(L, self.rng.choice(MERGES))()(parts)

    def subtract(self):
        return L.Subtract()([self.projected(3), self.projected(3)])

    def concatenate(self):
        return L.Concatenate()([self.pick(), self.projected(2)])

    def states(self):
        units = self.rng.randint(1, 5)
        kind = self.rng.choice(["LSTM", "GRU", "SimpleRNN"])
        _, *states = getattr(L, kind)(units, return_state=True)(self.pick())
        return getattr(L, kind)(units, return_sequences=True)(self.pick(), initial_state=states)

    def attention(self):
        units = self.rng.randint(1, 5)
        inputs = [self.projected(units), self.projected(units)]
        if self.rng.random() < 0.4:
            inputs.append(self.projected(units, use_bias=False))  # as FREE says
        causal = self.rng.random() < 0.4
        if self.rng.random() < 0.4:
            return L.AdditiveAttention(use_scale=self.rng.random() < 0.7)(
                inputs, use_causal_mask=causal)
        return L.Attention(use_scale=self.rng.random() < 0.5,
                           score_mode=self.rng.choice(["dot", "dot", "concat"]))(
            inputs, use_causal_mask=causal)

    def multi_head_attention(self):
        inputs = [self.projected(self.rng.randint(1, 5), use_bias=i < 2)
                  for i in range(self.rng.choice([2, 2, 3]))]
        window = self.rng.choice([None, None, 2])
        layer = L.MultiHeadAttention(
            # Not of one feature: on TensorFlow Keras 3.15 may add biases (heads, 1) along the steps.
            self.rng.randint(1, 3), self.rng.randint(2, 4),
            value_dim=self.rng.choice([None, 2]), use_bias=self.rng.random() < 0.8,
            output_shape=self.rng.choice([None, 3]), sliding_window=window,
            use_gate=self.rng.random() < 0.3, activity_regularizer=self.activity())
        return layer(*inputs, use_causal_mask=self.rng.random() < 0.3)

    def group_query_attention(self):
        units, groups = self.rng.randint(1, 5), self.rng.randint(1, 3)
        inputs = [self.projected(units, use_bias=i < 2) for i in range(self.rng.choice([2, 2, 3]))]
        layer = L.GroupQueryAttention(
            self.rng.randint(2, 4), groups * self.rng.randint(1, 3), groups,
            use_bias=self.rng.random() < 0.8, use_gate=self.rng.random() < 0.5,
            activity_regularizer=self.activity())
        return layer(*inputs, use_causal_mask=self.rng.random() < 0.3)

    def activity(self):
        return self.rng.choice([None, None, "l1", "l2"])

    def normalization(self):
        return self.rng.choice([
            L.LayerNormalization(), L.BatchNormalization(momentum=0.9), L.RMSNormalization(),
            L.GroupNormalization(1), L.ActivityRegularization(l1=0.01, l2=0.02)])(self.pick())

    def cosines(self):
        return L.Dot(axes=(2, 2), normalize=self.rng.random() < 0.7)(
            [self.projected(3), self.projected(3)])

    def convolution(self):
        return L.Conv1D(self.rng.randint(1, 5), 2, padding="causal",
                        kernel_regularizer=self.rng.choice([None, "l2"]),
                        kernel_constraint=self.rng.choice([None, "max_norm"]),
                        activity_regularizer=self.activity())(self.pick())

    def einsum_dense(self):
        """One product, or to heads and back."""
        units = self.rng.randint(1, 5)
        options = {"kernel_regularizer": self.rng.choice([None, "l2"]),
                   "activity_regularizer": self.activity()}
        if self.rng.random() < 0.6:
            equation, bias = self.rng.choice([
                ("abc,cd->abd", "d"), ("abc,dc->abd", None), ("abc,bcd->abd", "bd")])
            return L.EinsumDense(equation, (self.steps, units), bias_axes=bias,
                                 activation=self.rng.choice(["linear", "tanh", "softmax"]),
                                 **options)(self.pick())
        heads = L.EinsumDense("...c,cde->...de", (2, 3), bias_axes="de", **options)(self.pick())
        return L.EinsumDense("abde,edc->abc", (self.steps, units), activation="tanh")(heads)

    def grow(self):
        grown = self.rng.choice([
            self.recurrent, self.rnn, self.rnn, self.nested, self.nested_graph, self.shared,
            self.bidirectional, self.time_distributed, self.merge, self.subtract, self.concatenate,
            self.states, self.attention, self.multi_head_attention,
            self.group_query_attention, self.normalization, self.cosines, self.convolution,
            self.einsum_dense] + [self.reverse] * 6 * len(self.reversibles))
        self.note(grown.__name__)
        self.pool.append(grown())

    def output(self, i):
        """(output, loss, kind of target)"""
        x = self.pool[-1] if i == 0 else self.pick()
        if self.rng.random() < 0.75:
            x = self.cell(self.rng.randint(1, 6))(x)
        classes = self.rng.randint(2, 4)
        return self.rng.choice([
            (L.Dense(self.rng.randint(1, 3))(x), "mean_squared_error", "values"),
            (L.Dense(1)(x), "mean_absolute_error", "values"),
            (L.Dense(classes, activation="softmax")(x), "sparse_categorical_crossentropy", "ids"),
            (L.Dense(1, activation="sigmoid")(x), "binary_crossentropy", "binary"),
        ])


def build(spec):
    """(graph, outputs with their losses)"""
    graph = Graph(spec["seed"], spec["batch_size"] if spec["stateful"] else None)
    for _ in range(graph.rng.choice([1, 1, 2, 3])):
        graph.add_input()
    for _ in range(graph.rng.randint(1, 5)):
        graph.grow()
    return graph, [graph.output(i) for i in range(graph.rng.choice([1, 1, 2, 3]))]


def graph_spec(seed, optimizer):
    rng = random.Random(f"spec {seed}")
    kind, options = optimizer(rng)
    if kind != "SGD":  # with 1e-7, rounding of gradients that vanish becomes whole steps
        options["epsilon"] = 1e-3
    batch_size, stateful = rng.randint(2, 12), rng.random() < 0.3
    samples = batch_size * rng.randint(1, 3) if stateful else rng.randint(5, 24)
    return {"seed": seed, "is_graph": True, "dropout": False, "words": 1,
            "samples": samples, "optimizer": (kind, options), "stateful": stateful,
            "batch_size": batch_size, "trained_before": rng.random() < 0.5}


def describe_graph(spec):
    graph, outputs = build(spec)
    stateful = " stateful" if spec["stateful"] else ""
    return (f"{len(graph.inputs)} in, {' '.join(graph.names)}, {len(outputs)} out{stateful}"
            f" | {spec['optimizer'][0]}")


def make_graph(spec):
    graph, outputs = build(spec)
    model = keras.Model(graph.inputs, [output for output, _, _ in outputs])
    kind, options = spec["optimizer"]
    losses = [loss for _, loss, _ in outputs]
    weights = [1.0, 0.5, 0.25][:len(losses)] if len(losses) > 1 else None
    model.compile(optimizer=getattr(keras.optimizers, kind)(**options),
                  loss=losses if len(losses) > 1 else losses[0], loss_weights=weights)
    return model


def graph_data(spec, model):
    """Arrays for the inputs and outputs; some steps of zeros for the masks, none of them all."""
    graph, outputs = build(spec)
    rng = np.random.default_rng(spec["seed"])
    rows, x, y = spec["samples"], [], []
    for tensor, words in zip(graph.inputs, graph.words):
        shape = (rows, *tensor.shape[1:])
        if words:
            array = rng.integers(0, words, shape).astype("int32")
            array[:, 0] = np.maximum(array[:, 0], 1)
        else:
            array = rng.uniform(-1, 1, shape).astype("float32")
            array[:, 1:][rng.random((rows, graph.steps - 1)) < 0.2] = 0
        x.append(array)
    for tensor, (_, _, target) in zip(model.outputs, outputs):
        shape = (rows, *tensor.shape[1:])
        if target == "ids":
            y.append(rng.integers(0, shape[-1], shape[:-1]).astype("int32"))
        elif target == "binary":
            y.append(rng.integers(0, 2, shape).astype("float32"))
        else:
            y.append(rng.uniform(-1, 1, shape).astype("float32"))
    return x, y
