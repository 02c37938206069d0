"""NumPy, float32, gradients by hand: numpy_peer.py by-hand WORKLOAD PROBLEM THREADS"""
import serve

VARIANT, WORKLOAD, PATH, THREADS = serve.arguments()
import numpy as np  # noqa: E402  after the threads are set

problem = serve.Problem(PATH)
about = {"name": "NumPy", "version": np.__version__}
weights = [w.copy() for w in problem.weights()]
sigmoid = lambda a: 1 / (1 + np.exp(-a))
lr = np.float32(problem.learning_rate or 0)


def w1():
    x, y = problem["x"], problem["y"]
    w1, w2 = weights
    h = sigmoid(x @ w1)
    d = h @ w2 - y
    loss = np.square(d).sum()
    gy = 2 * d
    g2 = h.T @ gy
    g1 = x.T @ ((gy @ w2.T) * h * (1 - h))
    w1 -= lr * g1
    w2 -= lr * g2
    return loss


def w5():
    x, y = problem["x"], problem["y"]
    w1, b1, w2, b2 = weights
    h = sigmoid(x @ w1 + b1)
    p = sigmoid(h @ w2 + b2)
    d = p - y
    gp = d * np.float32(0.5) * p * (1 - p)
    g2 = h.T @ gp
    gh = (gp @ w2.T) * h * (1 - h)
    weights[0] = w1 - lr * (x.T @ gh)
    weights[1] = b1 - lr * gh.sum(0)
    weights[2] = w2 - lr * g2
    weights[3] = b2 - lr * gp.sum(0)
    return (d * d).mean()


def w2():
    k = state["k"]
    state["k"] += 1
    x, y = batches[k % len(batches)]
    rows = np.arange(len(y))
    a = [x]
    for i in (0, 2):
        a.append(np.maximum(a[-1] @ weights[i] + weights[i + 1], 0))
    z = a[-1] @ weights[4] + weights[5]
    z -= z.max(1, keepdims=True)
    e = np.exp(z)
    total = e.sum(1, keepdims=True)
    loss = (np.log(total[:, 0]) - z[rows, y]).mean()
    g = e / total
    g[rows, y] -= 1
    g /= np.float32(len(y))
    c1, c2 = np.float32(1 / (1 - 0.9 ** (k + 1))), np.float32(1 / (1 - 0.999 ** (k + 1)))
    for layer in (4, 2, 0):
        grads = (a[layer // 2].T @ g, g.sum(0))
        if layer:
            g = (g @ weights[layer].T) * (a[layer // 2] > 0)
        for i, d in zip((layer, layer + 1), grads):
            m, v = moments[i]
            m *= np.float32(0.9)
            m += np.float32(0.1) * d
            v *= np.float32(0.999)
            v += np.float32(0.001) * np.square(d)
            weights[i] -= lr * (m * c1) / (np.sqrt(v * c2) + np.float32(1e-8))
    return loss


def infer():
    a = problem["x"]
    for i in (0, 2):
        a = np.maximum(a @ weights[i] + weights[i + 1], 0)
    return a @ weights[4] + weights[5]


if WORKLOAD == "w6":
    serve.serve(about, check=lambda: infer()[0], call=infer)
else:
    if WORKLOAD == "w2":
        batches = problem.batches()
        moments = [(np.zeros_like(w), np.zeros_like(w)) for w in weights]
        state = {"k": 0}
    step = {"w1": w1, "w2": w2, "w5": w5}[WORKLOAD]

    def steps(n):
        for _ in range(n):
            loss = step()
        return loss

    serve.serve(about, check=lambda: [steps(problem.check_steps + 1)], steps=steps)
