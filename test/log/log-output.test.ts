import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, readSync, rmSync } from 'node:fs';
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

  it('writes a line that is longer than a piece, in its place', async () => {
    const descriptor = openSync(file, 'w');
    const output = new LogOutput(descriptor);
    const lines = [
      'before\n',
      `${'é'.repeat(100_000)}\n`,
      'behind\n',
      `${'\u{1f600}'.repeat(50_000)}\n`,
      'last\n',
    ];

    for (const line of lines) output.write(line);

    await vi.waitFor(() => expect(readFileSync(file, 'utf8')).toBe(lines.join('')));
    closeSync(descriptor);
  });

  it('goes on behind what was written before, time and again', async () => {
    const descriptor = openSync(file, 'w');
    const output = new LogOutput(descriptor);
    let expected = '';

    for (let round = 0; round < 20; round += 1) {
      for (let line = 0; line < 300 + round * 50; line += 1) {
        const text = `round ${round}, line ${line}, ${'x'.repeat(200)}\n`;
        output.write(text);
        expected += text;
      }
      await new Promise((resolve) => setTimeout(resolve, round % 3));
    }

    await vi.waitFor(() => expect(readFileSync(file, 'utf8')).toBe(expected));
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

  describe('to a reader that does not read', () => {
    const LINE = `${'x'.repeat(999)}\n`;
    let reader = 0;
    let output: LogOutput;
    let writer = 0;
    beforeEach(() => {
      execFileSync('mkfifo', [file]);
      reader = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
      writer = openSync(file, constants.O_WRONLY | constants.O_NONBLOCK);
      output = new LogOutput(writer);
    });
    afterEach(() => {
      closeSync(writer);
      closeSync(reader);
    });

    /** What can be read at once. */
    function read(): string {
      const bytes = Buffer.alloc(1_048_576);
      try {
        return bytes.toString('utf8', 0, readSync(reader, bytes));
      } catch {
        return '';
      }
    }

    it('keeps so many bytes, loses and counts the lines that come then, and keeps the rest in order', async () => {
      const count = 10_000;
      for (let line = 0; line < count; line += 1) output.write(`${line} ${LINE}`);
      const { lost } = output;

      let text = '';
      await vi.waitFor(
        () => {
          text += read();
          expect(text.split('\n')).toHaveLength(count - lost + 1);
        },
        { timeout: 20_000, interval: 1 },
      );

      expect(lost).toBeGreaterThan(count - 4_400);
      expect(lost).toBeLessThan(count - 4_000);
      expect(text).toBe(Array.from({ length: count - lost }, (_, line) => `${line} ${LINE}`).join(''));
    });

    it('keeps all lines if they are few, however long it takes', async () => {
      const lines = Array.from({ length: 200 }, (_, line) => `${line} ${LINE}`);
      for (const line of lines) {
        output.write(line);
        await new Promise((resolve) => setTimeout(resolve, 1));
      }

      let text = '';
      await vi.waitFor(() => {
        text += read();
        expect(text).toBe(lines.join(''));
      });
      expect(output.lost).toBe(0);
    });

    it('flushSync goes on where a write has stopped', async () => {
      const lines = Array.from({ length: 100 }, (_, line) => `${line} ${LINE}`);
      for (const line of lines) output.write(line);
      await new Promise((resolve) => setTimeout(resolve, 80)); // The pipe is full, and what is left waits.

      const before = read();
      output.flushSync();

      expect(before.length).toBeLessThan(lines.join('').length);
      expect(before + read()).toBe(lines.join(''));
    });
  });
});
