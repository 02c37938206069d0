// The source list of both builds is the folders themselves. CMakeLists.txt globs by these rules; binding.gyp asks here:
//   node native/sources.mjs addon            native/addon/**.cc
//   node native/sources.mjs core             native/{base,plan,kernels,simd}/**.cc but for folders named isa
//   node native/sources.mjs avx2 (or …)      files in folders named isa whose name is avx2.cc or ends in _avx2.cc
import { readdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const native = dirname(fileURLToPath(import.meta.url));

function under(folder) {
  return readdirSync(`${native}/${folder}`, { recursive: true })
    .map((name) => `native/${folder}/${name.replaceAll('\\', '/')}`)
    .filter((path) => path.endsWith('.cc'))
    .sort();
}

export function sources(part) {
  if (part === 'addon') return under('addon');
  const all = ['base', 'simd', 'kernels', 'plan'].flatMap(under);
  if (part === 'core') return all.filter((path) => !path.includes('/isa/'));
  return all.filter(
    (path) => path.endsWith(`/isa/${part}.cc`) || (path.includes('/isa/') && path.endsWith(`_${part}.cc`)),
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(sources(process.argv[2]).join('\n'));
