# SPDX-License-Identifier: Apache-2.0
"""wrappers.json: outputs and gradients of layers that hold layers."""

from golden.layers import layer_case
from golden.models import layer
from golden.streams import header, write_json


def both(inner, **options):
    return layer("Bidirectional", layer=inner, **options)


def bidirectional_cases():
    lstm = layer("LSTM", units=3)
    gru = layer("GRU", units=3, return_sequences=True)
    rnn = layer("SimpleRNN", units=3, activation="relu")
    for mode in ("concat", "sum", "mul", "ave"):
        yield f"bidirectional_{mode}", both(lstm, merge_mode=mode), (3, 5, 2), 0
        yield f"bidirectional_{mode}_sequences", both(gru, merge_mode=mode), (2, 4, 3), 0
    yield "bidirectional_simple_rnn", both(rnn), (3, 5, 2), 0
    backward = layer("LSTM", units=3, go_backwards=True, recurrent_activation="hard_sigmoid")
    yield "bidirectional_given", both(lstm, backward_layer=backward), (3, 5, 2), 0
    given = layer("SimpleRNN", units=3, return_sequences=True)
    turned = layer("SimpleRNN", units=3, return_sequences=True, go_backwards=True)
    yield "bidirectional_turned", both(turned, backward_layer=given), (3, 5, 2), 0
    yield "bidirectional_long", both(layer("LSTM", units=7)), (37, 12, 3), 0
    words = layer("Embedding", input_dim=4, output_dim=2, mask_zero=True)
    yield "bidirectional_masked", [words, both(gru), both(lstm)], (6, 5), 4


def each_step(inner):
    return layer("TimeDistributed", layer=inner)


def time_distributed_cases():
    yield "time_distributed_dense", each_step(
        layer("Dense", units=4, activation="softmax")), (3, 5, 2), 0
    yield "time_distributed_lstm", each_step(layer("LSTM", units=3)), (2, 3, 4, 2), 0
    gru = layer("GRU", units=2, return_sequences=True)
    yield "time_distributed_sequences", each_step(gru), (2, 3, 4, 2), 0
    yield "time_distributed_both", each_step(both(gru, merge_mode="mul")), (2, 3, 4, 2), 0


def make_wrappers(folder):
    groups = ((1001, bidirectional_cases()), (1101, time_distributed_cases()))
    cases = [layer_case(seed, *spec) for start, group in groups
             for seed, spec in enumerate(group, start)]
    write_json(folder / "wrappers.json", header(), cases)
