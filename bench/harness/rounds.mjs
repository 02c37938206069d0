// Rounds of short measurements, every subject in turn, so that drift of the machine meets all alike.

/**
 * @param {{ child: import('./child.mjs').Child, runs: object[], error?: string }[]} subjects one that fails is left out from then on
 * @param {{ rounds: number, seconds: number, warm: number, everyRound?: () => object }} options
 *   `everyRound` is measured at the start of each round and kept with its runs as `round`
 */
export async function interleave(subjects, { rounds, seconds, warm, everyRound = () => ({}) }) {
  const ask = async (subject, wanted, keep) => {
    if (subject.error !== undefined) return;
    try {
      const answer = await subject.child.ask(`run ${wanted}`);
      if (keep) subject.runs.push({ ...answer, ...keep });
    } catch (error) {
      subject.error = error.message;
    }
  };
  for (const subject of subjects) await ask(subject, warm, null);
  for (let round = 0; round < rounds; round++) {
    const conditions = { round, ...everyRound() };
    // Each second round the other way about, so that nobody always follows the same neighbour.
    for (const subject of round % 2 ? subjects.toReversed() : subjects) await ask(subject, seconds, conditions);
  }
}
