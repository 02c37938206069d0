// The code of the package: one file for each entry of package.json's `exports`, one for what they share. Loading a hundred
// modules takes Node three times as long.
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';

/** What the benchmarks reach into, beside the package's entries; they must see the very objects that the package uses. */
const INNER = ['runtime/program', 'tensor'];

export async function bundle(root) {
  const { rolldown } = await import('rolldown'); // not there before the set-up of a fresh clone has installed it
  const { exports } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
  const entries = Object.values(exports).flatMap(({ default: path }) => /^\.\/dist\/(.*)\.js$/.exec(path)?.[1] ?? []);
  const input = Object.fromEntries([...entries, ...INNER].map((name) => [name, `${root}lib/${name}.ts`]));
  const build = await rolldown({
    input,
    cwd: root,
    platform: 'node',
    external: /^node:/,
    tsconfig: `${root}tsconfig.json`,
  });
  await build.write({
    dir: `${root}dist`,
    format: 'esm',
    // Two folders below the root, as the sources are: the addon is looked for from there.
    chunkFileNames: 'shared/[name].js',
    // What `gradsmith` itself needs is one file: each further one takes Node a millisecond.
    codeSplitting: {
      groups: [{ name: 'core', test: (id) => !/^(nn|optim|data|train)\b/.test(relative(`${root}lib`, id)) }],
    },
    // They are in the declarations.
    comments: false,
  });
  await build.close();
}
