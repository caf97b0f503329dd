import { execFileSync } from 'node:child_process';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from './temporary-store.ts';

const ROOT = join(import.meta.dirname, '../../..');

/** Compiles `committing-process.ts`, and returns the file that Node runs. */
export function buildCommittingProcess(): string {
  const built = temporaryDirectory();
  writeFileSync(join(built, 'package.json'), '{ "type": "module" }');
  symlinkSync(join(ROOT, 'node_modules'), join(built, 'node_modules'));
  const settings = {
    extends: join(ROOT, 'tsconfig.json'),
    compilerOptions: { rootDir: ROOT, outDir: built, declaration: false, sourceMap: false, types: [] },
    files: [join(ROOT, 'test/store/sqlite/committing-process.ts')],
    include: [],
  };
  writeFileSync(join(built, 'tsconfig.json'), JSON.stringify(settings));
  execFileSync(join(ROOT, 'node_modules/.bin/tsc'), ['-p', built, '--noCheck'], { cwd: ROOT });
  return join(built, 'test/store/sqlite/committing-process.js');
}
