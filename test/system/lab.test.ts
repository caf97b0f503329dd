import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import type { LabEvent } from '../../src/cli/lab/lab-event.ts';
import { builtProgram } from '../support/gateway-process.ts';
import { describeSystem } from '../support/system.ts';

describeSystem('vps-gateway lab', ['dhclient', 'udhcpc', 'dhcpcd'], () => {
  test('three guests get their leases, the rows are shown, and it ends by itself', () => {
    const output = execFileSync(process.execPath, [builtProgram(), 'lab', '--once', '--json'], {
      encoding: 'utf8',
    });

    const events = output
      .trim()
      .split('\n')
      .map((line): LabEvent => JSON.parse(line));
    const guests = events.filter((event) => event.kind === 'lease').map((event) => event.guest);
    const rows = events.findLast((event) => event.kind === 'rows')?.rows;
    expect(new Set(guests).size).toBe(3);
    expect(rows).toHaveLength(3);
    expect(events.at(-1)).toMatchObject({ kind: 'end', leased: 3, without: [] });
  }, 120_000);
});
