import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { codeOf, GatewayError } from '../errors.ts';

/**
 * Writes a file of settings in one step.
 *
 * @throws GatewayError refused if it is there, says something else and is not to be replaced; output-failed.
 */
export function writeConfigFile(file: string, text: string, replace: boolean): 'written' | 'same' {
  const found = contentOf(file);
  if (found === text) return 'same';
  if (found !== undefined && !replace)
    throw new GatewayError(
      'refused',
      `${file} is there, and says something else: compare them, then write it with --replace`,
    );
  const next = `${file}.new`;
  try {
    rmSync(next, { force: true });
    writeFileSync(next, text, { flag: 'wx', flush: true });
    renameSync(next, file);
    return 'written';
  } catch (error) {
    rmSync(next, { force: true });
    throw failed(file, 'written', error);
  }
}

function contentOf(file: string): string | undefined {
  try {
    if (!statSync(file).isFile())
      throw new GatewayError(
        'output-failed',
        `${file} is no regular file: leave --out out, and it is printed`,
      );
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof GatewayError) throw error;
    if (codeOf(error) === 'ENOENT') return undefined;
    throw failed(file, 'read', error);
  }
}

function failed(file: string, what: 'read' | 'written', error: unknown): GatewayError {
  const remedy = 'name a file with --out that you may write, in a directory that is there';
  return new GatewayError('output-failed', `${file} cannot be ${what} (${codeOf(error)}): ${remedy}`, error);
}
