// W2's network as an ONNX file, in the few messages of its format that this needs (onnx.proto3; field numbers are from there).

function varint(n) {
  const out = [];
  for (; n > 127; n = Math.floor(n / 128)) out.push((n % 128) | 128);
  return Buffer.from([...out, n]);
}
const number = (field, n) => Buffer.concat([varint(8 * field), varint(n)]);
const bytes = (field, content) => {
  const body = Buffer.isBuffer(content) ? content : Buffer.from(content);
  return Buffer.concat([varint(8 * field + 2), varint(body.length), body]);
};
const message = (field, ...parts) => bytes(field, Buffer.concat(parts));

const FLOAT = 1;
/** TensorProto: dims 1, data_type 2, name 8, raw_data 9. */
const tensor = (name, { shape, data }) =>
  message(
    5,
    ...shape.map((n) => number(1, n)),
    number(2, FLOAT),
    bytes(8, name),
    bytes(9, Buffer.from(data.buffer, data.byteOffset, data.byteLength)),
  );
/** NodeProto: input 1, output 2, op_type 4. */
const node = (type, inputs, output) =>
  message(1, ...inputs.map((name) => bytes(1, name)), bytes(2, output), bytes(4, type));
/** ValueInfoProto: name 1, type 2 → tensor_type 1 → elem_type 1, shape 2 → dim 1 → dim_value 1. */
const value = (field, name, shape) =>
  message(
    field,
    bytes(1, name),
    message(2, message(1, number(1, FLOAT), message(2, ...shape.map((n) => message(1, number(1, n)))))),
  );

/** y = fc3(relu(fc2(relu(fc1(x))))) for x `[1, 784]`. */
export function mlpModel(arrays) {
  const layer = (i, x, y) => node('Gemm', [x, `w${i}`, `b${i}`], y);
  const graph = message(
    7, // GraphProto: node 1, name 2, initializer 5, input 11, output 12
    layer(1, 'x', 'a1'),
    node('Relu', ['a1'], 'h1'),
    layer(2, 'h1', 'a2'),
    node('Relu', ['a2'], 'h2'),
    layer(3, 'h2', 'y'),
    bytes(2, 'mlp'),
    ...['w1', 'b1', 'w2', 'b2', 'w3', 'b3'].map((name) => tensor(name, arrays[name])),
    value(11, 'x', [1, 784]),
    value(12, 'y', [1, 10]),
  );
  const opset = message(8, number(2, 13)); // OperatorSetIdProto: version 2
  return Buffer.concat([number(1, 8), opset, graph]); // ModelProto: ir_version 1
}
