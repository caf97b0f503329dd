import { describe, expect, test } from 'vitest';
import { keyOfIdentifier } from '../../src/lease/client-key.ts';
import { NameWatch } from '../../src/reporting/name-watch.ts';
import { decode } from '../../src/wire/decode.ts';
import { Guest } from '../support/guest.ts';
import { LogLines } from '../support/log-lines.ts';
import { text } from '../support/packet.ts';

const MAC = '52:54:00:00:00:01';

/** A watch that has heard one client under these names, so many minutes apart each. */
function heard(names: readonly string[], minutes = 1, clients = 1): LogLines {
  let monotonic = 0;
  const log = new LogLines();
  const watch = new NameWatch(log, () => monotonic);
  for (const name of names) {
    for (let client = 0; client < clients; client += 1) {
      const bytes = new Guest(MAC, name === '' ? {} : { options: [[12, ...text(name)]] }).discover();
      const message = decode(
        bytes,
        new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
        0,
        bytes.length,
      );
      if (!message.ok) throw new Error(message.malformed);
      watch.note(message, keyOfIdentifier(Uint8Array.of(client >>> 8, client & 255)));
    }
    monotonic += minutes * 60_000;
  }
  return log;
}

describe('clones that have kept the MAC of their template', () => {
  test('are shown by one client whose host name changes to and fro: said once, with both names', () => {
    const log = heard(['web', 'db', 'web', 'db', 'web', 'db', 'web']);

    expect(log.lines.map(({ level, fields }) => [level, fields])).toMatchObject([
      ['warn', { hardware: MAC, names: ['db', 'web'] }],
    ]);
  });

  test.each([
    ['one that is renamed', ['web', 'web', 'db', 'db', 'db']],
    ['a boot loader without a name', ['', 'web', '', 'web', '', 'web']],
    ['an installer, its system, and a boot from the network again', ['installer', 'web', 'installer']],
    ['one whose name is another each time', ['a', 'b', 'c', 'd', 'e', 'f']],
  ])('are not %s', (_what, names) => {
    expect(heard(names).lines).toEqual([]);
  });

  test('are not machines that are renewed hours apart', () => {
    expect(heard(['web', 'db', 'web', 'db', 'web'], 300).lines).toEqual([]);
  });

  test('however many clients do so, there is a warning a minute at most, and a bounded memory', () => {
    expect(heard(['web', 'db', 'web', 'db'], 0.1, 1000).lines).toHaveLength(1);
    expect(heard(['web', 'db', 'web', 'db'], 0.1, 1025).lines).toHaveLength(0);
  });

  test('do not bring control characters into the log', () => {
    const [warning] = heard(['w\u001b[2J', 'd\n', 'w\u001b[2J', 'd\n']).lines;

    expect(JSON.stringify(warning?.fields['names'])).toMatch(/^\["d[^\\]*","w[^\\]*"\]$/);
  });
});
