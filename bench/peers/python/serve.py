"""The measured side of a benchmark, in Python: obeys standard input as ../../harness/serve.mjs says."""
import json
import os
import re
import resource
import sys
import time


def arguments():
    """VARIANT WORKLOAD PROBLEM THREADS; sets the numbers of threads in the environment before any library loads."""
    variant, workload, problem, threads = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(threads)
    return variant, workload, problem, threads


def peak_memory():
    """Most memory that this process had, in MB. What getrusage says on Linux includes the process that started it."""
    if sys.platform != "linux":
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1 << 20 if sys.platform == "darwin" else 1024)
    with open("/proc/self/status") as status:
        return int(re.search(r"VmHWM:\s*(\d+) kB", status.read())[1]) // 1024


class Problem:
    """The arrays as NumPy's, under their names; the settings as attributes."""

    def __init__(self, path):
        import numpy as np

        with open(path) as file:
            content = json.load(file)
        memory = np.fromfile(content["bin"], dtype=np.uint8)
        self.arrays = {}
        for name, a in content["arrays"].items():
            count = 1
            for n in a["shape"]:
                count *= n
            view = memory[a["offset"] : a["offset"] + 4 * count].view(a["dtype"])
            self.arrays[name] = view.reshape(a["shape"])
        self.learning_rate = content.get("learningRate")
        self.check_steps = content.get("checkSteps")
        self.batch_size = content.get("batchSize")

    def __getitem__(self, name):
        return self.arrays[name]

    def weights(self):
        return [self.arrays[n] for n in ("w1", "b1", "w2", "b2", "w3", "b3") if n in self.arrays]

    def batches(self):
        """Views of x and y, a batch at a time."""
        n = self.batch_size
        count = len(self["y"]) // n
        return [(self["x"][i * n : i * n + n], self["y"][i * n : i * n + n]) for i in range(count)]


def say(what):
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def serve(about, check, steps=None, chunk=1, call=None, other=None):
    """`steps(n)` does n steps and returns when they are done; `call()` is one call whose latency counts; `other(words)` obeys
    what else there is."""
    say({"ready": about})
    n = chunk
    clock = time.perf_counter
    for line in iter(sys.stdin.readline, ""):
        words = line.split()
        if words[0] == "quit":
            break
        if words[0] == "check":
            say({"numbers": [float(x) for x in check()]})
        if words[0] not in ("check", "run"):
            say(other(words))
            n = chunk
        if words[0] != "run":
            continue
        wanted = float(words[1])
        start = now = clock()
        end = start + wanted
        if call is not None:
            times = []
            while now < end:
                call()
                then = clock()
                times.append(1e6 * (then - now))
                now = then
            times.sort()
            at = lambda share: times[min(len(times) - 1, int(share * len(times)))]
            answer = {"count": len(times), "p50": at(0.5), "p99": at(0.99), "p999": at(0.999)}
        else:
            count = 0
            while now < end:
                steps(n)
                count += n
                before, now = now, clock()
                rate = n / (now - before)
                n = max(chunk, -(-int(min(rate * wanted / 8, rate * max(end - now, 0))) // chunk) * chunk)
            answer = {"count": count}
        say({**answer, "seconds": clock() - start, "rssMb": peak_memory()})
