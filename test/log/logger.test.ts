import { describe, expect, it } from 'vitest';
import { createLogger, type LogSettings, logOf } from '../../src/log/logger.ts';

function logTo(settings: Partial<LogSettings>, isTerminal: boolean) {
  const lines: string[] = [];
  const output = { write: (line: string) => void lines.push(line), flushSync: () => undefined };
  const log = createLogger({ logLevel: 'info', logFormat: 'auto', ...settings }, output, isTerminal, () => 0);
  return { log, lines };
}

describe('createLogger', () => {
  it('writes one line of JSON per call when piped: level, time, part, fields and a constant message', () => {
    const { log, lines } = logTo({}, false);

    log.child({ part: 'dhcp' }).info({ reason: 'renewed', address: '10.15.3.20' }, 'decided');

    expect(lines.map((line) => JSON.parse(line))).toEqual([
      {
        level: 'info',
        time: '1970-01-01T00:00:00.000Z',
        part: 'dhcp',
        reason: 'renewed',
        address: '10.15.3.20',
        msg: 'decided',
      },
    ]);
  });

  it('writes fields that are JSON already as it writes the same object', () => {
    const { log, lines } = logTo({}, false);

    log.info({ reason: 'renewed', address: '10.15.3.20' }, 'answered');
    log.written?.('info', '"reason":"renewed","address":"10.15.3.20"', 'answered');

    expect(lines[1]).toBe(lines[0]);
  });

  it('gives every line of a segment its name, whichever way it is written', () => {
    const { log, lines } = logTo({}, false);
    const own = logOf(log, { segment: 'tenant-a' });

    own.info({ reason: 'renewed' }, 'answered');
    own.written?.('info', '"reason":"renewed"', 'answered');
    log.written?.('info', '"reason":"renewed"', 'answered');

    expect(lines[1]).toBe(lines[0]);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ segment: 'tenant-a', reason: 'renewed' });
    expect(lines[2]).not.toContain('tenant-a');
  });

  it('makes every line from an object where lines are for people', () => {
    expect(logTo({}, true).log.written).toBeUndefined();
  });

  it('writes for people on a terminal', () => {
    const { log, lines } = logTo({}, true);

    log.warn({ reason: 'pool-full' }, 'no address is left');

    expect(lines.join('')).toMatch(/^\[?(19|20)\d\d-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}/);
    expect(lines.join('')).toContain('no address is left');
    expect(lines.join('')).toContain('"reason":"pool-full"');
    expect(() => JSON.parse(lines.join(''))).toThrow();
  });

  it.each([
    ['json', true, true],
    ['pretty', false, false],
  ] as const)('obeys the format %s, whatever the output is', (logFormat, isTerminal, isJson) => {
    const { log, lines } = logTo({ logFormat }, isTerminal);

    log.info('listening');

    expect(lines.join('').startsWith('{')).toBe(isJson);
  });

  it.each([
    ['debug', 3],
    ['info', 2],
    ['error', 1],
    ['silent', 0],
  ] as const)('writes at level %s and above', (logLevel, count) => {
    const { log, lines } = logTo({ logLevel }, false);

    log.debug('one');
    log.info('two');
    log.error('three');

    expect(lines).toHaveLength(count);
  });

  it('writes an error with its type, message and stack', () => {
    const { log, lines } = logTo({}, false);

    log.error({ err: new TypeError('broken') }, 'a message was lost');

    expect(JSON.parse(lines.join(''))).toMatchObject({
      err: { type: 'TypeError', message: 'broken', stack: expect.stringContaining('logger.test') },
    });
  });
});
