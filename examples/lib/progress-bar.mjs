import { SingleBar } from 'cli-progress';

export const percent = (share) => `${(100 * share).toFixed(1)} %`;

const show = ({ scores, samplesPerSecond, secondsLeft }) => ({
  loss: scores.loss.toFixed(4),
  accuracy: percent(scores.accuracy),
  rate: Math.round(samplesPerSecond).toLocaleString('en'),
  left: `${secondsLeft.toFixed(1)} s`,
});

/** For `onProgress`: a bar on a terminal, else a plain line for every tenth of the way. */
export function progressBar() {
  if (!process.stdout.isTTY) return { update: plainLines(), stop() {} };
  const format =
    '  {bar} {percentage} %  epoch {epoch}/{epochs}  loss {loss}  accuracy {accuracy}  {rate} samples/s  {left} left';
  const bar = new SingleBar({
    format,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 24,
    hideCursor: true,
    stream: process.stdout,
  });
  let started = false;
  return {
    update(progress) {
      const payload = { ...show(progress), epoch: progress.epoch, epochs: progress.epochs };
      if (!started) bar.start(progress.steps, progress.step, payload);
      started = true;
      bar.update(progress.step, payload);
    },
    stop: () => bar.stop(),
  };
}

function plainLines() {
  let next = 0;
  return (progress) => {
    const done = progress.step / progress.steps;
    if (done < next) return;
    next = (Math.floor(done * 10) + 1) / 10;
    const { loss, accuracy, rate, left } = show(progress);
    const at = `${Math.round(100 * done)} %`.padStart(5);
    console.log(
      `  ${at}  epoch ${progress.epoch}/${progress.epochs}  loss ${loss}  accuracy ${accuracy}  ${rate} samples/s  ${left} left`,
    );
  };
}
