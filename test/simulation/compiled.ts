import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const FOLDER = join(import.meta.dirname, '../../.bench/simulation-tests');
const PARTS = ['run', 'world', 'mutations-of', 'ways'] as const;

type Simulation = typeof import('./run.ts') &
  typeof import('./world.ts') &
  typeof import('./mutations-of.ts') &
  typeof import('./ways.ts');

/**
 * The simulation with all that it runs of src, as one file. As the test runner loads modules, each use of an import is a
 * look-up, which makes the simulation a quarter slower.
 */
export async function compiledSimulation(): Promise<Simulation> {
  const { outputFiles } = await build({
    stdin: {
      contents: PARTS.map((name) => `export * from './${name}.ts';`).join('\n'),
      resolveDir: import.meta.dirname,
    },
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
  });
  mkdirSync(FOLDER, { recursive: true });
  // Other test files do the same at the same time. It stays, for who reads the lines that an error names.
  const [file, unfinished] = [join(FOLDER, 'simulation.mjs'), join(FOLDER, `${process.pid}.mjs`)];
  writeFileSync(unfinished, outputFiles[0]?.contents ?? '');
  renameSync(unfinished, file);
  return import(pathToFileURL(file).href);
}
