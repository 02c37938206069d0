"""TensorFlow: tensorflow_peer.py function|xla WORKLOAD PROBLEM THREADS   (a whole step is one tf.function; xla: jit_compile)"""
import os

import serve

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
VARIANT, WORKLOAD, PATH, THREADS = serve.arguments()
import tensorflow as tf  # noqa: E402

tf.config.threading.set_intra_op_parallelism_threads(THREADS)
tf.config.threading.set_inter_op_parallelism_threads(THREADS)
problem = serve.Problem(PATH)
about = {"name": f"TensorFlow {VARIANT}", "version": tf.__version__}
lr = problem.learning_rate
p = [tf.Variable(w) for w in problem.weights()]
function = tf.function(jit_compile=VARIANT == "xla")


def mlp(x):
    for i in (0, 2):
        x = tf.nn.relu(tf.nn.bias_add(x @ p[i], p[i + 1]))
    return tf.nn.bias_add(x @ p[4], p[5])


if WORKLOAD == "w6":
    run = function(mlp)
    row = problem["x"].copy()
    call = lambda: run(tf.constant(row)).numpy()
    serve.serve(about, check=lambda: call()[0], call=call)
    raise SystemExit

if WORKLOAD == "w2":
    data = [(tf.constant(x), tf.constant(y)) for x, y in problem.batches()]
    loss_of = lambda x, y: tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, mlp(x)))
    # Keras adds epsilon before the correction of v's bias, where it weighs up to 30 times as much.
    adam = tf.keras.optimizers.Adam(lr, epsilon=1e-9)
    adam.build(p)
else:
    data = [(tf.constant(problem["x"]), tf.constant(problem["y"]))]
    if WORKLOAD == "w1":
        loss_of = lambda x, y: tf.reduce_sum(tf.square(tf.sigmoid(x @ p[0]) @ p[1] - y))
    else:
        hidden = lambda x: tf.sigmoid(x @ p[0] + p[1])
        loss_of = lambda x, y: tf.reduce_mean(tf.square(tf.sigmoid(hidden(x) @ p[2] + p[3]) - y))


@function
def one(x, y):
    with tf.GradientTape() as tape:
        loss = loss_of(x, y)
    gradients = tape.gradient(loss, p)
    if WORKLOAD == "w2":
        adam.apply_gradients(zip(gradients, p))
    else:
        for w, g in zip(p, gradients):
            w.assign_sub(lr * g)
    return loss


position = 0


def steps(n):
    global position
    for _ in range(n):
        loss = one(*data[position % len(data)])
        position += 1
    return float(loss)


serve.serve(about, check=lambda: [steps(problem.check_steps + 1)], steps=steps)
