import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LogOutput } from '../../src/log/log-output.ts';

let folder = '';
let file = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'log-output-'));
  file = join(folder, 'log');
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('LogOutput', () => {
  it('writes every line, in order, whether many at once or one at a time', async () => {
    const descriptor = openSync(file, 'w');
    const output = new LogOutput(descriptor);
    const lines = Array.from({ length: 5_000 }, (_, index) => `line ${index} é\n`);

    for (const line of lines) output.write(line);

    await vi.waitFor(() => expect(readFileSync(file, 'utf8')).toBe(lines.join('')));
    expect(output.lost).toBe(0);
    closeSync(descriptor);
  });

  it('has written what waits when flushSync returns', () => {
    const descriptor = openSync(file, 'w');
    const output = new LogOutput(descriptor);

    output.write('last words\n');
    output.flushSync();

    expect(readFileSync(file, 'utf8')).toBe('last words\n');
    closeSync(descriptor);
  });

  it('counts lines that a full disk refuses, throws nothing, and goes on', async () => {
    const descriptor = openSync('/dev/full', 'w');
    const output = new LogOutput(descriptor);

    output.write('one\n');
    output.write('two\n');
    await vi.waitFor(() => expect(output.lost).toBe(2));
    output.write('three\n');

    await vi.waitFor(() => expect(output.lost).toBe(3));
    expect(() => output.flushSync()).not.toThrow();
    closeSync(descriptor);
  });
});
