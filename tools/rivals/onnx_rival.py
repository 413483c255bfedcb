# SPDX-License-Identifier: Apache-2.0
"""ONNX Runtime's side of the timings: make(work, cell) gives a function that does the work once."""
import numpy
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from cases import ROWS, STEPS

NAME = "ONNX Runtime"
VERSION = onnxruntime.__version__
OPERATORS = {"lstm": ("LSTM", 4), "gru": ("GRU", 3), "rnn": ("RNN", 1)}
threads = 1


def set_threads(count):
    global threads
    threads = count


def session(model):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(model.SerializeToString(), options,
                                        providers=["CPUExecutionProvider"])


class Graph:
    """Collects the nodes and weights of a model; x is (T, batch, D), as the operators want it."""

    def __init__(self, cell):
        self.operator, self.gates = OPERATORS[cell]
        self.nodes, self.weights = [], []
        self.states = 2 if cell == "lstm" else 1

    def weight(self, name, shape):
        values = numpy.random.uniform(-0.1, 0.1, shape).astype("f")
        self.weights.append(numpy_helper.from_array(values, name))
        return name

    def layer(self, name, x, inputs, units, first=()):
        parts = [self.weight(f"{name}_w", (1, self.gates * units, inputs)),
                 self.weight(f"{name}_r", (1, self.gates * units, units)),
                 self.weight(f"{name}_b", (1, 2 * self.gates * units))]
        last = [f"{name}_h", f"{name}_c"][:self.states]
        more = {"linear_before_reset": 1} if self.operator == "GRU" else {}
        self.nodes.append(helper.make_node(
            self.operator, [x, *parts, "", *first], [f"{name}_y", *last], hidden_size=units, **more))
        return f"{name}_y", last

    def squeeze(self, name, x):
        self.weights.append(numpy_helper.from_array(numpy.array([1], "i8"), f"{name}_axes"))
        self.nodes.append(helper.make_node("Squeeze", [x, f"{name}_axes"], [name]))
        return name

    def model(self, inputs, outputs):
        def info(entry):
            return helper.make_tensor_value_info(entry[0], TensorProto.FLOAT, entry[1])
        graph = helper.make_graph(self.nodes, "g", [info(i) for i in inputs],
                                  [info(o) for o in outputs], self.weights)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)


def stock(cell):
    g = Graph(cell)
    y, _ = g.layer("first", "x", 1, 80)
    _, last = g.layer("second", g.squeeze("between", y), 80, 100)
    g.weights.append(numpy_helper.from_array(numpy.array([0], "i8"), "axes0"))
    g.nodes.append(helper.make_node("Squeeze", [last[0], "axes0"], ["flat"]))
    g.nodes.append(helper.make_node("Gemm", ["flat", g.weight("d", (100, 1)), g.weight("e", (1,))],
                                    ["y"]))
    return g.model([("x", (STEPS, None, 1))], [("y", (None, 1))])


def stepping(cell, layers):
    """One step of some layers with states in and out, its buffers bound once."""
    g = Graph(cell)
    x, width = "x", layers[0][0]
    pairs, inputs = [], [("x", (1, 1, width))]
    for i, (D, units) in enumerate(layers):
        first = [f"{s}{i}" for s in ("h", "c")[:g.states]]
        y, last = g.layer(f"layer{i}", x, D, units, first)
        inputs += [(name, (1, 1, units)) for name in first]
        pairs += [(a, b, units) for a, b in zip(first, last)]
        x = g.squeeze(f"out{i}", y)
    run = session(g.model(inputs, [(x, (1, 1, layers[-1][1]))] + [
        (b, (1, 1, units)) for _, b, units in pairs]))
    # Two sets of buffers: a step reads one and writes the other.
    sets = [{a: onnxruntime.OrtValue.ortvalue_from_numpy(numpy.zeros((1, 1, u), "f"))
             for a, _, u in pairs} for _ in range(2)]
    bindings = []
    for now, after in ((0, 1), (1, 0)):
        binding = run.io_binding()
        binding.bind_cpu_input("x", numpy.random.rand(1, 1, width).astype("f"))
        binding.bind_output(x)
        for a, b, _ in pairs:
            binding.bind_ortvalue_input(a, sets[now][a])
            binding.bind_ortvalue_output(b, sets[after][a])
        bindings.append(binding)
    turn = [0]

    def step():
        run.run_with_iobinding(bindings[turn[0]])
        turn[0] ^= 1
    return step


def make(work, cell):
    if work == "step-stock":
        return stepping(cell, [(1, 80), (80, 100)])
    if work.startswith("step-"):
        units = int(work[5:])
        return stepping(cell, [(units, units)])
    run = session(stock(cell))
    rows = 1 if work == "window" else ROWS
    x = numpy.random.rand(STEPS, rows, 1).astype("f")
    parts = [numpy.ascontiguousarray(x[:, i:i + 256]) for i in range(0, rows, 256)]

    def predict():
        for part in parts:
            run.run(None, {"x": part})
    return predict
