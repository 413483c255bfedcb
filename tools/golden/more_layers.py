# SPDX-License-Identifier: Apache-2.0
"""more_layers.json: outputs and gradients of normalizations over groups and by root mean squares."""

from golden.layers import write_layers
from golden.models import layer
from golden.one_input_layers import IMAGE, SEQUENCE


def normalization_cases():
    for shape in ((5, 6), SEQUENCE, IMAGE):
        rank = f"rank{len(shape)}"
        yield f"rms_normalization_{rank}", layer("RMSNormalization"), shape, 0
        yield f"group_normalization_{rank}", layer("GroupNormalization", groups=2), shape, 0
        yield f"instance_normalization_{rank}", layer("GroupNormalization", groups=-1), shape, 0
    yield "rms_normalization_wide", layer("RMSNormalization", epsilon=0.01), (3, 5, 37), 0
    yield "group_normalization_one", layer("GroupNormalization", groups=1, scale=False), SEQUENCE, 0
    yield "group_normalization_plain", layer(
        "GroupNormalization", groups=3, center=False, scale=False, epsilon=0.01), SEQUENCE, 0
    yield "group_normalization_wide", layer("GroupNormalization", groups=4, center=False), (
        33, 5, 36), 0
    yield "identity", layer("Identity"), SEQUENCE, 0
    yield "activity_regularization", layer("ActivityRegularization"), SEQUENCE, 0


def mask_cases():
    embedding, rnn = layer("Embedding", input_dim=4, output_dim=6, mask_zero=True), layer(
        "LSTM", units=3)
    for name, options in (("RMSNormalization", {}), ("GroupNormalization", {"groups": 3}),
                          ("Identity", {}), ("ActivityRegularization", {})):
        yield f"masked_{name.lower()}", [embedding, layer(name, **options), rnn], (5, 7), 4


def make_more_layers(folder):
    write_layers(folder / "more_layers.json", 5301, normalization_cases, mask_cases)
