# SPDX-License-Identifier: Apache-2.0
"""einsum_dense.json: outputs and gradients of EinsumDense for equations of every form."""

from golden.layers import write_layers
from golden.models import layer
from golden.one_input_layers import IMAGE, SEQUENCE

# Biases of one axis, not the last, have another length than that has: Keras 3.15 on TensorFlow would
# add them along the last.
# name: input shape, equation, output_shape, bias_axes, options
CASES = {
    "dense": ((5, 3), "ab,bc->ac", 7, "c", {"activation": "tanh"}),
    "no_bias": ((5, 3), "ab,bc->ac", 7, None, {}),
    "to_axes": ((5, 3), "ab,bcd->acd", (4, 2), "cd", {}),
    "turned": ((5, 3), "ab,cb->ac", 4, "c", {"activation": "sigmoid"}),
    "dense_softmax": ((5, 3), "ab,bc->ac", 7, "c", {"activation": "softmax"}),
    "outer": ((5, 3), "ab,c->abc", (None, 4), "c", {"activation": "softmax"}),
    "sequence": (SEQUENCE, "abc,cd->abd", (None, 17), "d", {"activation": "relu"}),
    "heads": (SEQUENCE, "abc,cde->abde", (None, 2, 5), "de", {}),
    "heads_turned": (SEQUENCE, "abc,cde->abed", (None, 5, 2), "ed", {"activation": "tanh"}),
    "heads_softmax": (SEQUENCE, "abc,cde->abde", (None, 2, 5), "e", {"activation": "softmax"}),
    "heads_join": (IMAGE, "abcd,cde->abe", (None, 3), "e", {"activation": "gelu"}),
    "heads_join_turned": (IMAGE, "abcd,edc->abe", (None, 3), None, {"activation": "gelu"}),
    "steps": (SEQUENCE, "abc,bd->adc", (4, None), "d", {"activation": "softplus"}),
    "steps_turned": (SEQUENCE, "abc,bd->acd", (None, 4), "d", {}),
    "whole": (SEQUENCE, "abc,bcd->ad", 3, "d", {}),
    "turned_result": (SEQUENCE, "abc,cd->adb", (4, None), "d", {"activation": "silu"}),
    "summed": (SEQUENCE, "abc,cd->ad", 4, "d", {}),
    "summed_features": (SEQUENCE, "abc,bd->abd", (7, 4), None, {}),
    "weights": (SEQUENCE, "abc,c->ab", (None,), None, {"activation": "sigmoid"}),
    "scale": (SEQUENCE, "abc,c->abc", (None, 6), "c", {}),
    "groups": (SEQUENCE, "abc,bcd->abd", (7, 4), "bd", {"activation": "tanh"}),
    "groups_inside": (IMAGE, "abcd,cde->abce", (None, 5, 3), "ce", {"activation": "softmax"}),
    "groups_turned": (IMAGE, "abcd,edcb->acbe", (5, 6, 2), "be", {}),
    "bias_steps": (SEQUENCE, "abc,cd->abd", (7, 4), "b", {"activation": "hard_tanh"}),
    "ellipsis": ((5, 3), "...x,xy->...y", 4, "y", {}),
    "ellipsis_sequence": (SEQUENCE, "...x,xy->...y", 4, "y", {"activation": "softmax"}),
    "ellipsis_image": (IMAGE, "...x,xy->...y", 4, "y", {}),
    "ellipsis_none": ((5, 3), "...ab,bc->...ac", 4, "c", {}),
    "ellipsis_heads": (IMAGE, "...ab,bcd->...dac", (2, None, 3), "dc", {"activation": "tanh"}),
    "ellipsis_last": (SEQUENCE, "ab...,bc->ac...", 4, "c", {"activation": "relu"}),
    "ellipsis_last_image": (IMAGE, "abc...,cd->adb...", (3, None), "d", {}),
    "ellipsis_last_none": (SEQUENCE, "abc...,cd->abd...", (7, 4), "bd", {}),
    "wide": ((33, 5, 37), "abc,cde->abde", (None, 3, 11), "de", {}),
}


def cases():
    for name, (shape, equation, output_shape, bias_axes, options) in CASES.items():
        yield f"einsum_dense_{name}", layer(
            "EinsumDense", equation=equation, output_shape=output_shape, bias_axes=bias_axes,
            **options), shape, 0


def mask_cases():
    yield "masked_einsum_dense", [
        layer("Embedding", input_dim=4, output_dim=6, mask_zero=True),
        layer("EinsumDense", equation="abc,cd->abd", output_shape=(7, 3)),
        layer("LSTM", units=3)], (5, 7), 4


def make_einsum_dense(folder):
    write_layers(folder / "einsum_dense.json", 5501, cases, mask_cases)
