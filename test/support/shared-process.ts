/**
 * Folders of test whose rooms do no I/O. All their tests run in the same few threads, one file after the other, which costs
 * half of what a process for each file does. So they change nothing that the next file would find: test/architecture.test.ts
 * looks for that. A test that has to change such things stands in a folder that is not named here, or below.
 */
const FOLDERS = [
  'allocation',
  'conversation',
  'detection',
  'engine',
  'exchange',
  'importing',
  'lease',
  'lease-table',
  'net',
  'reporting',
  'subnet',
  'wire',
];
/** Files in them that have a process each all the same. rate-table: how much memory its process takes. */
const ALONE = ['rate-table'];

/** As patterns, from the root. */
export const SHARE_A_PROCESS = FOLDERS.map((folder) => `test/${folder}/**/!(${ALONE.join('|')}).test.ts`);

/** @param path From the root. */
export function sharesAProcess(path: string): boolean {
  const [, folder = '', name = ''] = /^test\/([^/]+)\/(?:.*\/)?([^/]+)\.test\.ts$/.exec(path) ?? [];
  return FOLDERS.includes(folder) && !ALONE.includes(name);
}
