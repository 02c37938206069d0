"""PyTorch: torch_peer.py eager|fused|compile|by-hand-compile WORKLOAD PROBLEM THREADS
eager: as one writes it; fused: the fused form of its optimizer; compile: forward and backward compiled, fused optimizer;
by-hand-compile (W1): gradients and update written out and compiled as one function."""
import serve

VARIANT, WORKLOAD, PATH, THREADS = serve.arguments()
import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402

torch.set_num_threads(THREADS)
torch.set_flush_denormal(True)  # as we do, and JAX; threads that start later take it over
problem = serve.Problem(PATH)
about = {"name": f"PyTorch {VARIANT}", "version": torch.__version__}
T = lambda a: torch.from_numpy(a.copy())
compiled = torch.compile if "compile" in VARIANT else (lambda f: f)
lr = problem.learning_rate
if "compile" in VARIANT and not hasattr(torch, "compile"):
    raise RuntimeError(f"PyTorch {torch.__version__} has no torch.compile")


def mlp():
    layers = []
    weights = problem.weights()
    for i in (0, 2, 4):
        linear = torch.nn.Linear(*weights[i].shape)
        with torch.no_grad():
            linear.weight.copy_(T(weights[i]).t())
            linear.bias.copy_(T(weights[i + 1]))
        layers += [linear, torch.nn.ReLU()]
    return torch.nn.Sequential(*layers[:-1])


def optimizer(kind, parameters):
    return kind(parameters, lr=lr) if VARIANT == "eager" else kind(parameters, lr=lr, fused=True)


if WORKLOAD == "w6":
    model, x = mlp().eval(), problem["x"].copy()
    run = compiled(model)

    def call():
        with torch.inference_mode():
            return run(torch.from_numpy(x)).numpy()

    serve.serve(about, check=lambda: call()[0], call=call)
    raise SystemExit

if WORKLOAD == "w1" and VARIANT == "by-hand-compile":
    x, y, w1, w2 = (T(problem[n]) for n in ("x", "y", "w1", "w2"))

    @torch.compile
    def one(w1, w2):
        h = torch.sigmoid(x @ w1)
        d = h @ w2 - y
        gy = 2 * d
        g2 = h.t() @ gy
        g1 = x.t() @ ((gy @ w2.t()) * h * (1 - h))
        w1 -= lr * g1
        w2 -= lr * g2
        return d.square().sum()

    def step():
        with torch.no_grad():
            return one(w1, w2)

elif WORKLOAD in ("w1", "w5"):
    x, y = T(problem["x"]), T(problem["y"])
    p = [T(w).requires_grad_() for w in problem.weights()]
    if WORKLOAD == "w1":
        loss_of = compiled(lambda: (torch.sigmoid(x @ p[0]) @ p[1] - y).square().sum())
    else:
        hidden = lambda: torch.sigmoid(x @ p[0] + p[1])
        loss_of = compiled(lambda: F.mse_loss(torch.sigmoid(hidden() @ p[2] + p[3]), y))
    opt = optimizer(torch.optim.SGD, p)

    def step():
        opt.zero_grad()
        loss = loss_of()
        loss.backward()
        opt.step()
        return loss

else:
    model = mlp()
    loss_of = compiled(lambda x, y: F.cross_entropy(model(x), y))
    opt = optimizer(torch.optim.Adam, model.parameters())
    data = [(torch.from_numpy(x), torch.from_numpy(y).long()) for x, y in problem.batches()]
    position = [0]

    def step():
        x, y = data[position[0] % len(data)]
        position[0] += 1
        opt.zero_grad()
        loss = loss_of(x, y)
        loss.backward()
        opt.step()
        return loss


def steps(n):
    for _ in range(n):
        loss = step()
    return loss.item()


serve.serve(about, check=lambda: [steps(problem.check_steps + 1)], steps=steps)
