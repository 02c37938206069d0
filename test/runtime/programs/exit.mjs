// Leaves with work in flight.
import { evaluate, matmul, randn, sum } from 'gradsmith';

const a = randn([900, 900], { seed: 1 });
await evaluate(sum(a));
for (let i = 0; i < 4; i++) evaluate(matmul(matmul(a, a), a));
setTimeout(() => process.exit(7), 5);
