// A small network learns hand-written digits: gradients checked first, then trained, then shown where it still errs.
// Run with `npm run demo`.

import { argmax, crossEntropy, manualSeed } from 'gradsmith';
import { loadDigits } from 'gradsmith/data';
import { Dropout, init, Linear, ReLU, Sequential } from 'gradsmith/nn';
import { AdamW } from 'gradsmith/optim';
import { accuracy, Trainer } from 'gradsmith/train';
import { checkGradients } from './lib/check-gradients.mjs';
import { confusionMatrix, picture } from './lib/digits-report.mjs';
import { percent, progressBar } from './lib/progress-bar.mjs';

manualSeed(7);
const digits = await loadDigits(new URL('./data/digits.csv.gz', import.meta.url));
const [train, test] = digits.split([0.8, 0.2], { seed: 1 });
console.log(
  `${digits.length} digits of 8x8 pixels (UCI): ${train.length} to learn from, ${test.length} held out. One of them:\n`,
);
console.log(await picture(train, 3));

const network = ({ dtype = 'float32', dropout = 0.2 } = {}) =>
  new Sequential(
    new Linear(64, 128, { dtype, weightInit: init.heNormal }),
    new ReLU(),
    new Dropout(dropout),
    new Linear(128, 10, { dtype }),
  );

console.log('\nGradients against centred differences, in float64 on 8 digits:');
await checkGradients(network({ dtype: 'float64', dropout: 0 }), digits);

const model = network();
const optimizer = new AdamW(model.parameters(), { learningRate: (step) => 3e-3 / (1 + step / 500), weightDecay: 0.01 });
const trainer = new Trainer({ model, loss: crossEntropy, optimizer, metrics: { accuracy } });

console.log('\nTraining 64 → 128 → 10 with AdamW:');
const bar = progressBar();
const began = performance.now();
await trainer.fit(train, { epochs: 60, batchSize: 32, seed: 1, onProgress: bar.update });
bar.stop();
const seconds = (performance.now() - began) / 1000;

const score = await trainer.evaluate(test);
const predicted = argmax(await trainer.predict(test.columns[0]), { axis: 1 });
console.log(
  `\n${optimizer.stepCount} steps in ${seconds.toFixed(1)} s. On the held-out digits: ${percent(score.accuracy)} right.\n`,
);
console.log(confusionMatrix(await test.columns[1].array(), await predicted.array()));

console.log(`
Where to go next
  examples/two-layer-net.ts   a network by hand, in twenty lines
  examples/demo.mjs           this demo
  docs/architecture.md        how a step travels from your line to the kernel`);
