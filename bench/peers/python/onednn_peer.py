"""oneDNN as PyTorch calls it for a linear layer, for matrix products: onednn_peer.py - - - THREADS
Understands `shape M N K KIND`. The layer wants A as it lies and B transposed, so both are put so beforehand: its best case."""
import serve

*_, THREADS = serve.arguments()
import torch  # noqa: E402

torch.set_num_threads(THREADS)
torch.set_grad_enabled(False)
now = {}


def fill(rows, columns):
    i = torch.arange(rows * columns, dtype=torch.int64)
    return (((i * 7919) % 1009 - 504).to(torch.float32) / 1009).reshape(rows, columns)


def shape(words):
    m, n, k = (int(w) for w in words[1:4])
    kind = words[4]
    a = fill(k, m).t() if kind[0] == "T" else fill(m, k)
    b = fill(n, k).t() if kind[1] == "T" else fill(k, n)
    x, w = a.contiguous(), b.t().contiguous()
    now["product"] = lambda: torch.ops.mkldnn._linear_pointwise(x, w, None, "none", [], "")
    return {"shape": True}


def steps(n):
    product = now["product"]
    for _ in range(n):
        product()


def check():
    c = now["product"]().flatten()
    return [float(c[i * len(c) // 16]) for i in range(16)]


serve.serve({"version": torch.__version__}, check=check, steps=steps, other=shape)
