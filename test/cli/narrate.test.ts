import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import type { LabEvent } from '../../src/cli/lab/lab-event.ts';
import { narrate } from '../../src/cli/lab/narrate.ts';

const OPENED: LabEvent = {
  kind: 'gateway',
  at: 0,
  level: 'info',
  text: 'sockets opened',
  fields: { interface: 'eth0', listenIp: '10.15.3.10', pool: '10.15.3.20-10.15.3.254', transport: 'raw' },
};
const LEASED: LabEvent = {
  kind: 'lease',
  at: 0,
  guest: 'guest-3',
  client: 'dhcpcd',
  address: '10.15.3.167',
  router: '10.15.3.1',
  dns: '1.1.1.1 1.0.0.1',
  leaseSeconds: 180,
  isNew: true,
};

test.each([
  ['in colour', true],
  ['plain', false],
])('what happens in the lab goes on below itself where a terminal of 80 columns ends, %s', (_, hasColour) => {
  for (const event of [OPENED, LEASED]) {
    const lines = narrate(event, hasColour, 80).trimEnd().split('\n').map(stripVTControlCharacters);
    const whole = stripVTControlCharacters(narrate(event, hasColour)).trimEnd();

    expect(lines.length).toBe(2);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
    expect(lines[1]).toMatch(/^ {26}\S/);
    expect(lines.join(' ').split(/\s+/)).toEqual(whole.split(/\s+/));
  }
});

test('a command that is to be copied is not parted', () => {
  const file = `/tmp/${'x'.repeat(80)}/leases.sqlite`;

  expect(narrate({ kind: 'rows', file, rows: [] }, false, 80)).toContain(
    `sqlite3 ${file} 'SELECT * FROM leases'`,
  );
});
