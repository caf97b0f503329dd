import { readFileSync } from 'node:fs';
import { codeOf, GatewayError } from '../../errors.ts';
import type { SourceFile } from '../../importing/found.ts';

const STANDARD_INPUT = 0;

/**
 * A file of another server; `-` is standard input.
 *
 * @throws GatewayError if it cannot be read.
 */
export function readSource(file: string): SourceFile {
  const name = file === '-' ? 'standard input' : file;
  try {
    return { name, text: readFileSync(file === '-' ? STANDARD_INPUT : file, 'utf8') };
  } catch (error) {
    throw new GatewayError('bad-settings', `${name}: cannot be read (${codeOf(error)})`, error);
  }
}

/** The same; undefined: there is no such file. @throws GatewayError if it is there and cannot be read. */
export function findSource(file: string): SourceFile | undefined {
  try {
    return readSource(file);
  } catch (error) {
    if (error instanceof GatewayError && codeOf(error.cause) === 'ENOENT') return undefined;
    throw error;
  }
}
