"""JAX: jax_peer.py step|scan WORKLOAD PROBLEM THREADS
step: one jitted update a call, buffers donated; scan: many updates inside one jitted call."""
import os

import serve

VARIANT, WORKLOAD, PATH, THREADS = serve.arguments()
if THREADS == 1:
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402

problem = serve.Problem(PATH)
about = {"name": f"JAX {VARIANT}", "version": jax.__version__}
lr = problem.learning_rate
weights = [jnp.array(w) for w in problem.weights()]


def mlp(p, x):
    for i in (0, 2):
        x = jax.nn.relu(x @ p[i] + p[i + 1])
    return x @ p[4] + p[5]


if WORKLOAD == "w6":
    run = jax.jit(mlp)
    row = problem["x"].copy()
    call = lambda: jax.device_get(run(weights, row))
    serve.serve(about, check=lambda: call()[0], call=call)
    raise SystemExit

if WORKLOAD == "w2":
    xs = jnp.array(problem["x"]).reshape(-1, problem.batch_size, 784)
    ys = jnp.array(problem["y"]).reshape(-1, problem.batch_size)

    def loss_of(p, x, y):
        rows = jnp.arange(y.shape[0])
        return -jax.nn.log_softmax(mlp(p, x))[rows, y].mean()

    def update(state, batch):
        p, m, v, t = state
        loss, g = jax.value_and_grad(loss_of)(p, *batch)
        t = t + 1
        m = [0.9 * a + 0.1 * b for a, b in zip(m, g)]
        v = [0.999 * a + 0.001 * b * b for a, b in zip(v, g)]
        c1, c2 = 1 / (1 - 0.9**t), 1 / (1 - 0.999**t)
        p = [w - lr * (a * c1) / (jnp.sqrt(b * c2) + 1e-8) for w, a, b in zip(p, m, v)]
        return (p, m, v, t), loss

    zeros = lambda: [jnp.zeros_like(w) for w in weights]
    state = (weights, zeros(), zeros(), jnp.float32(0))
    inside = 117
else:
    xs, ys = jnp.array(problem["x"])[None], jnp.array(problem["y"])[None]
    if WORKLOAD == "w1":
        loss_of = lambda p, x, y: jnp.square(jax.nn.sigmoid(x @ p[0]) @ p[1] - y).sum()
    else:
        hidden = lambda p, x: jax.nn.sigmoid(x @ p[0] + p[1])
        loss_of = lambda p, x, y: jnp.square(jax.nn.sigmoid(hidden(p, x) @ p[2] + p[3]) - y).mean()

    def update(p, batch):
        loss, g = jax.value_and_grad(loss_of)(p, *batch)
        return [w - lr * d for w, d in zip(p, g)], loss

    state = weights
    inside = 500 if WORKLOAD == "w1" else 5000

batches = len(xs)
position = 0


def many(count):
    def run(state, xs, ys, first):
        def body(state, i):
            j = (first + i) % batches
            return update(state, (xs[j], ys[j]))

        state, losses = jax.lax.scan(body, state, jnp.arange(count))
        return state, losses[-1]

    return jax.jit(run, donate_argnums=0)


one = jax.jit(update, donate_argnums=0)
scanned = {}
data = list(zip(list(xs), list(ys)))


def steps(n):
    global state, position
    if VARIANT == "scan":
        size = min(n, inside)
        run = scanned.setdefault(size, many(size))
        for _ in range(n // size):
            state, loss = run(state, xs, ys, position)
            position = (position + size) % batches
    else:
        for _ in range(n):
            state, loss = one(state, data[position])
            position = (position + 1) % batches
    jax.block_until_ready(state)
    return loss


check = lambda: [steps(problem.check_steps + 1)]
serve.serve(about, check=check, steps=steps, chunk=inside if VARIANT == "scan" else 1)
