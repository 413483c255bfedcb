# SPDX-License-Identifier: Apache-2.0
"""layers.json: outputs and gradients of every layer with its options."""

import itertools

import tensorflow as tf

from golden.models import build, describe_weights, fill, layer, make_x, precision
from golden.streams import DOT_INDEX, R_INDEX, header, stored, stream, write_json


CELLS = {
    "simple_rnn": ("SimpleRNN", {}),
    "lstm": ("LSTM", {}),
    "gru": ("GRU", {"reset_after": True}),
    "gru_before": ("GRU", {"reset_after": False}),
}

# name: batch, time, inputs, units, options
CELL_CASES = {
    "plain": (2, 5, 3, 7, {}),
    "sequences": (3, 6, 7, 3, {"return_sequences": True}),
    "backwards": (1, 9, 1, 17, {"go_backwards": True}),
    "backwards_sequences": (7, 4, 17, 1, {"go_backwards": True, "return_sequences": True}),
    "no_bias": (5, 3, 3, 33, {"use_bias": False, "return_sequences": True}),
    "one_step": (65, 1, 33, 17, {}),
    "long": (2, 200, 1, 3, {"return_sequences": True}),
    "wide": (3, 12, 33, 100, {}),
    "many_inputs": (33, 2, 100, 33, {"return_sequences": True}),
    "relu": (4, 7, 3, 7, {"activation": "relu"}),
    "hard_sigmoid": (3, 5, 7, 7, {"activation": "hard_sigmoid", "return_sequences": True}),
    "linear": (2, 6, 3, 17, {"activation": "linear"}),
    "sigmoid": (3, 8, 1, 7, {"activation": "sigmoid"}),
}

GATE_CASES = {
    "hard_gates": (4, 6, 3, 7, {"recurrent_activation": "hard_sigmoid", "return_sequences": True}),
    "long_batch": (65, 31, 7, 17, {}),
}


def cell_cases():
    for cell, (class_name, fixed) in CELLS.items():
        for name, (batch, time, inputs, units, options) in CELL_CASES.items():
            yield f"{cell}_{name}", layer(class_name, units=units, **fixed, **options), (
                batch, time, inputs), 0
        if class_name == "SimpleRNN":
            continue
        for name, (batch, time, inputs, units, options) in GATE_CASES.items():
            yield f"{cell}_{name}", layer(class_name, units=units, **fixed, **options), (
                batch, time, inputs), 0


def other_cases():
    for activation in ("linear", "tanh", "relu", "sigmoid", "hard_sigmoid", "softmax"):
        yield f"dense_{activation}", layer("Dense", units=7, activation=activation), (5, 3), 0
    yield "dense_no_bias", layer("Dense", units=17, use_bias=False), (3, 33), 0
    yield "dense_one", layer("Dense", units=1), (65, 100), 0
    yield "dense_rank3", layer("Dense", units=3, activation="tanh"), (2, 5, 7), 0
    yield "dense_rank3_softmax", layer("Dense", units=17, activation="softmax"), (3, 4, 7), 0
    yield "embedding", layer("Embedding", input_dim=26, output_dim=3), (3, 7), 26
    yield "embedding_wide", layer("Embedding", input_dim=100, output_dim=17), (33, 1), 100
    yield "dropout_inference", layer("Dropout", rate=0.2), (3, 5, 7), 0
    yield "cell_dropout_inference", layer(
        "LSTM", units=7, dropout=0.3, recurrent_dropout=0.3), (3, 5, 3), 0


def run_layer(case, dtype):
    """The output, and the gradients of sum(output * r) to x (unless ids) and to what is trained.

    The gradients are those of inference, or with "training" those of a training step, which moves
    averages: then "moved" is what the weights that are not trained are afterwards.
    """
    seed, words = case["seed"], case.get("words", 0)
    with precision(dtype):
        model = build(case["layers"], case["input_shape"], words)
        fill(model, seed)
        case["weights"] = describe_weights(model)
        x = tf.constant(make_x(seed, case["input_shape"], words), "int32" if words else dtype)
        variables = [variable.value for variable in model.trainable_weights]
        sources = variables if words else [x, *variables]
        with tf.GradientTape() as tape:
            tape.watch(sources)
            y = model(x, training=case.get("training", False))
            r = stream(seed * 1000 + R_INDEX, y.shape)
            loss = tf.reduce_sum(y * tf.constant(r, dtype))
        gradients = [tf.convert_to_tensor(g).numpy() for g in tape.gradient(loss, sources)]
        moved = [variable.numpy() for variable in model.non_trainable_weights]
        fill(model, seed)
        output = model(x, training=False).numpy()
    return output, gradients, moved


def layer_case(seed, name, spec, input_shape, words, training=False):
    layers = spec if isinstance(spec, list) else [spec]
    case = {"name": name, "seed": seed, "layers": layers, "input_shape": list(input_shape)}
    if words:
        case["words"] = words
    if training:
        case["training"] = True
    singles, doubles = run_layer(case, "float32"), run_layer(case, "float64")
    seeds = itertools.count(seed * 1000 + DOT_INDEX)
    output, gradients, moved = (
        [stored(single, double, next(seeds)) for single, double in zip(*pair)]
        for pair in ((singles[:1], doubles[:1]), (singles[1], doubles[1]), (singles[2], doubles[2]))
    )
    case["output"] = output[0]
    if not words:
        case["input_gradient"] = gradients.pop(0)
    case["gradients"] = gradients
    if training:
        case["moved"] = moved
    return case


def write_layers(path, first_seed, *makers):
    specs = enumerate(itertools.chain.from_iterable(maker() for maker in makers), start=first_seed)
    write_json(path, header(), [layer_case(seed, *spec) for seed, spec in specs])


def make_layers(folder):
    write_layers(folder / "layers.json", 1, cell_cases, other_cases)
