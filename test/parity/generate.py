"""Writes the numbers that test/parity compares with: PyTorch's own, as small JSON files under test/fixtures/parity.

Run with a Python that has PyTorch (the committed files say which version made them):

    python3 test/parity/generate.py

Everything is deterministic: the inputs are sines of the element's index, not random draws.
"""

import json
import math
from pathlib import Path

import torch
import torch.nn.functional as F

OUT = Path(__file__).resolve().parent.parent / "fixtures" / "parity"
torch.set_num_threads(1)


def wave(shape, phase=0.0, scale=1.0, dtype=torch.float64):
    """A deterministic tensor without symmetries or equal values."""
    n = math.prod(shape)
    values = [scale * math.sin(1.7 * i + 0.3 * math.cos(2.9 * i) + phase) for i in range(n)]
    return torch.tensor(values, dtype=torch.float64).reshape(shape).to(dtype)


def dump(tensor):
    dtype = str(tensor.dtype).removeprefix("torch.")
    return {"shape": list(tensor.shape), "dtype": dtype, "data": tensor.detach().reshape(-1).tolist()}


def write(name, content):
    OUT.mkdir(parents=True, exist_ok=True)
    content = {"madeBy": f"PyTorch {torch.__version__}, test/parity/generate.py", **content}
    (OUT / f"{name}.json").write_text(json.dumps(content, separators=(",", ":")) + "\n")


# Optimizers: 100 steps of a 3-4-2 net with tanh on the mean squared error of 8 examples.

SGD, ADAM, ADAMW = torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW
OPTIMIZERS = {
    "SGD": ("SGD", {"learningRate": 0.1}),
    "SGD, momentum": ("SGD", {"learningRate": 0.05, "momentum": 0.9}),
    "SGD, Nesterov": ("SGD", {"learningRate": 0.05, "momentum": 0.9, "nesterov": True}),
    "SGD, weight decay": ("SGD", {"learningRate": 0.1, "weightDecay": 0.01}),
    "SGD, everything": ("SGD", {"learningRate": 0.05, "momentum": 0.8, "nesterov": True, "weightDecay": 0.02}),
    "Adam": ("Adam", {"learningRate": 0.01}),
    "Adam, all options": ("Adam", {"learningRate": 0.02, "betas": [0.8, 0.95], "epsilon": 1e-6, "weightDecay": 0.05}),
    "AdamW": ("AdamW", {"learningRate": 0.01}),
    "AdamW, all options": ("AdamW", {"learningRate": 0.02, "betas": [0.8, 0.95], "epsilon": 1e-6, "weightDecay": 0.1}),
}
NAMES = {"learningRate": "lr", "weightDecay": "weight_decay", "epsilon": "eps"}


def train(optimizer, options, dtype, halve_after=None):
    x, y = wave([8, 3], 0.5, dtype=dtype), wave([8, 2], 2.0, dtype=dtype)
    params = [wave([4, 3], 0.1, 0.7, dtype), wave([4], 1.1, 0.2, dtype), wave([2, 4], 2.1, 0.7, dtype), wave([2], 3.1, 0.2, dtype)]
    initial = [dump(p) for p in params]
    for p in params:
        p.requires_grad_()
    step = getattr(torch.optim, optimizer)(params, **{NAMES.get(k, k): v for k, v in options.items()})
    losses = []
    for t in range(100):
        if halve_after is not None:
            for group in step.param_groups:
                group["lr"] = options["learningRate"] / (1 + t / halve_after)
        loss = F.mse_loss(F.linear(torch.tanh(F.linear(x, params[0], params[1])), params[2], params[3]), y)
        step.zero_grad()
        loss.backward()
        step.step()
        losses.append(loss.item())
    return {"x": dump(x), "y": dump(y), "initial": initial, "final": [dump(p) for p in params], "losses": losses}


def optimizers():
    runs = []
    for name, (optimizer, options) in OPTIMIZERS.items():
        for dtype in (torch.float64, torch.float32):
            run = train(optimizer, options, dtype)
            runs.append({"name": name, "optimizer": optimizer, "options": options, "dtype": str(dtype)[6:], **run})
    schedule = []
    for optimizer in ("SGD", "Adam", "AdamW"):
        run = train(optimizer, {"learningRate": 0.05}, torch.float64, halve_after=20)
        schedule.append({"name": f"{optimizer}, lr / (1 + t / 20)", "optimizer": optimizer, "dtype": "float64", **run})
    problem = {key: runs[0][key] for key in ("x", "y", "initial")}  # float32 is the rounding of these
    for run in runs + schedule:
        for key in problem:
            del run[key]
        run["losses"] = {str(t): run["losses"][t] for t in (0, 1, 2, 10, 50, 99)}
    write("optimizers", {**problem, "runs": runs, "schedules": schedule})


# Ops: values and gradients in float64; the scalar that is differentiated is sum(seed * op(inputs)).


def case(name, op, f, inputs, options=None, differentiable=True):
    leaves = [t.clone().requires_grad_(t.is_floating_point()) for t in inputs]
    value = f(*leaves)
    row = {"name": name, "op": op, "inputs": [dump(t) for t in inputs], "options": options or {}, "value": dump(value)}
    if differentiable:
        seed = wave(list(value.shape), 0.9) if value.dim() else torch.tensor(1.3, dtype=torch.float64)
        (seed * value).sum().backward()
        row["seed"] = dump(seed)
        row["gradients"] = [dump(t.grad) if t.is_floating_point() else None for t in leaves]
    return row


def ops():
    a, b, row, positive = wave([3, 4]), wave([3, 4], 1.0), wave([4], 2.0), wave([3, 4], 0.2).abs() + 0.1
    labels = torch.tensor([2, 0, 3])
    rows = torch.tensor([4, 0, 4, 2])
    mask = wave([3, 4], 0.4) > 0
    index = lambda t: t.to(torch.int64)
    cases = []
    add = lambda *args, **kw: cases.append(case(*args, **kw))
    for name, f in {"add": torch.add, "sub": torch.sub, "mul": torch.mul, "div": torch.div, "maximum": torch.maximum, "minimum": torch.minimum}.items():
        add(name, name, f, [a, b])
        add(f"{name}, row broadcast", name, f, [a, row])
        add(f"{name}, column broadcast", name, f, [wave([3, 1], 0.7), b])
    unary = {"neg": torch.neg, "exp": torch.exp, "square": torch.square, "tanh": torch.tanh, "sigmoid": torch.sigmoid, "relu": torch.relu}
    for name, f in unary.items():
        add(name, name, f, [a * 3])
    for name, f in {"log": torch.log, "sqrt": torch.sqrt}.items():
        add(name, name, f, [positive])
    add("where", "where", torch.where, [mask, a, row])
    for name, f in {"equal": torch.eq, "less": torch.lt, "greater": torch.gt}.items():
        add(name, name, f, [a, b], differentiable=False)
    add("matmul", "matmul", torch.matmul, [wave([3, 5]), wave([5, 2], 1.0)])
    add("matmul, batch", "matmul", torch.matmul, [wave([2, 3, 5]), wave([2, 5, 4], 1.0)])
    add("matmul, batch broadcast", "matmul", torch.matmul, [wave([2, 3, 5]), wave([5, 4], 1.0)])
    add("matmul, both broadcast", "matmul", torch.matmul, [wave([2, 1, 3, 5]), wave([4, 5, 2], 1.0)])
    add("matmul, vector right", "matmul", torch.matmul, [wave([3, 5]), wave([5], 1.0)])
    add("matmul, vector left", "matmul", torch.matmul, [wave([5]), wave([5, 3], 1.0)])
    add("matmul, dot", "matmul", torch.matmul, [wave([5]), wave([5], 1.0)])
    add("transpose", "transpose", lambda t: t.permute(2, 0, 1), [wave([2, 3, 4])], {"permutation": [2, 0, 1]})
    add("reshape", "reshape", lambda t: t.reshape(2, 6), [a], {"shape": [2, 6]})
    add("broadcastTo", "broadcastTo", lambda t: t.broadcast_to(2, 3, 4), [wave([3, 1])], {"shape": [2, 3, 4]})
    for name, f in {"sum": torch.sum, "mean": torch.mean, "max": torch.amax}.items():
        add(name, name, (lambda t, f=f: f(t)), [a])
        add(f"{name}, axis 0", name, (lambda t, f=f: f(t, dim=0)), [a], {"axis": 0})
        add(f"{name}, axis -1, keepDims", name, (lambda t, f=f: f(t, dim=-1, keepdim=True)), [a], {"axis": -1, "keepDims": True})
    add("argmax, axis 1", "argmax", lambda t: torch.argmax(t, dim=1), [a], {"axis": 1}, differentiable=False)
    for name, f in {"softmax": torch.softmax, "logSoftmax": torch.log_softmax}.items():
        add(name, name, (lambda t, f=f: f(t, dim=-1)), [a * 2])
        add(f"{name}, three dimensions", name, (lambda t, f=f: f(t, dim=-1)), [wave([2, 3, 5], 0.3, 4)])
    gamma, beta = wave([5], 0.7).abs() + 0.5, wave([5], 2.0)
    for name, vectors in {"": [], ", gamma": [gamma], ", gamma and beta": [gamma, beta]}.items():
        add(f"layerNorm{name}", "layerNorm", lambda t, *v: F.layer_norm(t, [5], *v, eps=1e-3), [wave([2, 3, 5], 0.3, 4), *vectors], {"eps": 1e-3})
    add("crossEntropy", "crossEntropy", lambda t, l: F.cross_entropy(t, index(l)), [a * 2, labels])
    add("mse", "mse", F.mse_loss, [a, b])
    add("gather", "gather", lambda t, i: t[index(i)], [wave([5, 3]), rows])
    add("oneHot", "oneHot", lambda l: F.one_hot(l, 4).double(), [labels], {"classes": 4}, differentiable=False)
    write("ops", {"cases": cases})


# Initialisation: what each rule asks of the generator, recorded from PyTorch itself.


class Recorder(torch.Tensor):
    """Remembers the bounds that an init rule draws with."""

    def uniform_(self, low=0.0, high=1.0, generator=None):
        Recorder.drawn = {"kind": "uniform", "low": low, "high": high}
        return self

    def normal_(self, mean=0.0, std=1.0, generator=None):
        Recorder.drawn = {"kind": "normal", "mean": mean, "std": std}
        return self


def drawn(rule, shape, **options):
    rule(torch.empty(shape).as_subclass(Recorder), **options)
    return Recorder.drawn


def inits():
    I = torch.nn.init
    shapes = [[100, 64], [32, 32], [10, 784], [16, 3, 5, 5]]
    rules = {
        "heUniform": (I.kaiming_uniform_, {"nonlinearity": "relu"}),
        "heNormal": (I.kaiming_normal_, {"nonlinearity": "relu"}),
        "xavierUniform": (I.xavier_uniform_, {}),
        "xavierNormal": (I.xavier_normal_, {}),
    }
    rows = [{"rule": r, "shape": s, **drawn(f, s, **o)} for r, (f, o) in rules.items() for s in shapes]
    rows += [{"rule": "heUniform", "shape": s, "mode": "fanOut", **drawn(I.kaiming_uniform_, s, mode="fan_out", nonlinearity="relu")} for s in shapes]
    rows += [{"rule": "xavierNormal", "shape": s, "gain": 5 / 3, **drawn(I.xavier_normal_, s, gain=5 / 3)} for s in shapes]
    linear = []
    for fan_in in (3, 64, 784):
        weight = drawn(I.kaiming_uniform_, [7, fan_in], a=math.sqrt(5))
        layer = torch.nn.Linear(fan_in, 4000, dtype=torch.float64)
        linear.append({"inFeatures": fan_in, "weight": weight, "largestBias": layer.bias.abs().max().item()})
    gains = {g: I.calculate_gain(g) for g in ("linear", "sigmoid", "tanh", "relu", "selu")}
    gains["leakyRelu"] = I.calculate_gain("leaky_relu", 0.01)
    write("init", {"rows": rows, "linear": linear, "gains": gains})


def linear():
    layer = torch.nn.Linear(3, 4, dtype=torch.float64)
    with torch.no_grad():
        layer.weight.copy_(wave([4, 3], 0.4))
        layer.bias.copy_(wave([4], 1.4))
    x, seed = wave([5, 3], 0.6).requires_grad_(), wave([5, 4], 2.4)
    net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 2))
    y = layer(x)
    (seed * y).sum().backward()
    state = {name: dump(t) for name, t in layer.state_dict().items()}
    gradients = {"x": dump(x.grad), "weight": dump(layer.weight.grad), "bias": dump(layer.bias.grad)}
    names = {name: list(t.shape) for name, t in net.state_dict().items()}
    write("linear", {"x": dump(x), "state": state, "value": dump(y), "seed": dump(seed), "gradients": gradients, "sequentialNames": names})


optimizers()
ops()
torch.manual_seed(0)
inits()
linear()
