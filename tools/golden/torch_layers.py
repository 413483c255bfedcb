# SPDX-License-Identifier: Apache-2.0
"""torch_layers.json: projections, several layers and packed sequences against real PyTorch.

A case holds PyTorch's class and options ("torch"), the layer that is the same here ("layer"), the
names and shapes of the arrays as state_dict names them, filled from the streams in that order, and
the lengths of the sequences where they are packed (enforce_sorted=False). The loss is the sum of
output * r and of each last state * its own r (indices 900, 901, ...), r 0 behind a sequence's end.
Kept are the output (0 there too), the states in the order that they have here (layer by layer,
forwards then backwards, h then c), and the gradients by x, by the first states, if they are given
(indices 700, 701, ...), and by the arrays.
"""

import itertools

import numpy as np
import torch

from golden.streams import DOT_INDEX, R_INDEX, SEED, stored, stream, write_json

STATE_INDEX = 700
CELLS = {"RNN": "SimpleRNN", "LSTM": "LSTM", "GRU": "GRU"}

# name: PyTorch's class, N, T, D, H, options of PyTorch, further things of the case
CASES = {
    "lstm_projected": ("LSTM", 3, 5, 4, 7, {"proj_size": 3}, {}),
    "lstm_projected_wide": ("LSTM", 18, 6, 5, 40, {"proj_size": 24}, {}),
    "lstm_projected_no_bias": ("LSTM", 2, 4, 3, 6, {"proj_size": 5, "bias": False}, {}),
    "lstm_projected_states": ("LSTM", 3, 4, 3, 6, {"proj_size": 2}, {"given": True}),
    "lstm_projected_bidirectional": (
        "LSTM", 3, 5, 4, 7, {"proj_size": 3, "bidirectional": True}, {}),
    "lstm_layers": ("LSTM", 3, 5, 4, 7, {"num_layers": 2}, {}),
    "lstm_layers_states": ("LSTM", 3, 5, 4, 7, {"num_layers": 3}, {"given": True}),
    "lstm_layers_bidirectional": (
        "LSTM", 3, 5, 4, 5, {"num_layers": 2, "bidirectional": True}, {}),
    "lstm_layers_projected_bidirectional_packed_states": (
        "LSTM", 4, 6, 3, 6, {"num_layers": 2, "bidirectional": True, "proj_size": 4},
        {"lengths": [3, 6, 1, 4], "given": True}),
    "lstm_packed": ("LSTM", 4, 6, 3, 5, {}, {"lengths": [2, 6, 1, 5]}),
    "lstm_packed_short": ("LSTM", 3, 4, 3, 5, {}, {"lengths": [2, 4, 3]}),
    "lstm_packed_bidirectional": (
        "LSTM", 4, 6, 3, 5, {"bidirectional": True}, {"lengths": [2, 6, 1, 5]}),
    "lstm_packed_many": (
        "LSTM", 40, 9, 3, 17, {}, {"lengths": [1 + 5 * i % 9 for i in range(40)]}),
    "gru_layers": ("GRU", 3, 5, 4, 7, {"num_layers": 2}, {}),
    "gru_packed": ("GRU", 4, 6, 3, 5, {}, {"lengths": [2, 6, 1, 5]}),
    "gru_layers_bidirectional_packed": (
        "GRU", 4, 6, 3, 5, {"num_layers": 2, "bidirectional": True}, {"lengths": [4, 2, 6, 3]}),
    "rnn_layers": ("RNN", 3, 5, 4, 7, {"num_layers": 2}, {}),
    "rnn_relu_layers_packed": (
        "RNN", 4, 6, 3, 5, {"num_layers": 2, "nonlinearity": "relu"}, {"lengths": [4, 2, 6, 3]}),
    "rnn_packed_bidirectional": (
        "RNN", 4, 6, 3, 5, {"bidirectional": True}, {"lengths": [2, 6, 1, 5]}),
}


def layer_of(class_name, units, options):
    """The layer that is the same here, with all outputs."""
    config = {"units": units, "return_sequences": True, "return_state": True}
    if not options.get("bias", True):
        config["use_bias"] = False
    if "nonlinearity" in options:
        config["activation"] = options["nonlinearity"]
    if "proj_size" in options:
        config["proj_size"] = options["proj_size"]
    layers = options.get("num_layers", 1)
    outer = {}
    if layers > 1:
        (outer if options.get("bidirectional") else config)["num_layers"] = layers
    layer = {"class_name": CELLS[class_name], "config": config}
    if options.get("bidirectional"):
        layer = {"class_name": "Bidirectional", "config": {"layer": layer, **outer}}
    return layer


def scale_of(name, shape):
    if name.startswith("bias"):
        return 0.5
    return max(1, round(64 / shape[1] ** 0.5)) / 64


def run(case, dtype):
    """Output, states, gradients: of x, first states and arrays."""
    seed, (N, T, D) = case["seed"] * 1000, case["input_shape"]
    module = getattr(torch.nn, case["torch"]["class_name"])(
        D, case["units"], batch_first=True, dtype=dtype, **case["torch"]["options"])
    arrays = module.state_dict()
    case["arrays"] = [
        {"name": name, "shape": list(array.shape), "scale": scale_of(name, array.shape)}
        for name, array in arrays.items()]
    module.load_state_dict({
        array["name"]: torch.tensor(stream(seed + 2 + i, array["shape"], array["scale"]), dtype=dtype)
        for i, array in enumerate(case["arrays"])})
    x = torch.tensor(stream(seed, (N, T, D)), dtype=dtype, requires_grad=True)
    first, given = first_states(case, dtype)
    lengths = case.get("lengths")
    packed = x if lengths is None else torch.nn.utils.rnn.pack_padded_sequence(
        x, torch.tensor(lengths), batch_first=True, enforce_sorted=False)
    y, last = module(packed, given)
    if lengths is not None:
        y, _ = torch.nn.utils.rnn.pad_packed_sequence(y, batch_first=True, total_length=T)
    last = last if isinstance(last, tuple) else (last,)
    states = [kind[i] for i in range(last[0].shape[0]) for kind in last]
    loss = torch.sum(y * torch.tensor(stream(seed + R_INDEX, y.shape), dtype=dtype))
    for i, state in enumerate(states, start=1):
        loss = loss + torch.sum(state * torch.tensor(stream(seed + R_INDEX + i, state.shape), dtype=dtype))
    sources = [x, *first, *module.parameters()]
    gradients = torch.autograd.grad(loss, sources)
    return [[a.detach().numpy() for a in part] for part in ([y], states, gradients)]


def first_states(case, dtype):
    """Tensors in the order of layers, directions, and h before c; and as PyTorch takes them."""
    if not case.get("given"):
        return [], None
    options = case["torch"]["options"]
    count = options.get("num_layers", 1) * (2 if options.get("bidirectional") else 1)
    N, H = case["input_shape"][0], case["units"]
    sizes = [options.get("proj_size", H), H]
    sizes = sizes if case["torch"]["class_name"] == "LSTM" else sizes[:1]
    seeds = itertools.count(case["seed"] * 1000 + STATE_INDEX)
    states = [torch.tensor(stream(next(seeds), (N, size)), dtype=dtype, requires_grad=True)
              for _ in range(count) for size in sizes]
    kinds = [torch.stack(states[k::len(sizes)]) for k in range(len(sizes))]
    return states, tuple(kinds) if len(kinds) > 1 else kinds[0]


def torch_case(seed, name, class_name, N, T, D, H, options, more):
    case = {"name": name, "seed": seed, "torch": {"class_name": class_name, "options": options},
            "layer": layer_of(class_name, H, options), "units": H, "input_shape": [N, T, D], **more}
    singles, doubles = run(case, torch.float32), run(case, torch.float64)
    seeds = itertools.count(seed * 1000 + DOT_INDEX)
    output, states, gradients = (
        [stored(single, double, next(seeds)) for single, double in zip(*pair)]
        for pair in zip(singles, doubles))
    case.update(output=output[0], states=states, gradients=gradients)
    return case


def make_torch_layers(folder):
    torch.manual_seed(SEED)
    head = {"made_by": "tools/make_golden.py", "torch": torch.__version__,
            "numpy": np.__version__, "seed": SEED}
    cases = [torch_case(seed, name, *case) for seed, (name, case) in enumerate(CASES.items(), 900)]
    write_json(folder / "torch_layers.json", head, cases)
