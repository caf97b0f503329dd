import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { API_SOCKET } from '../../src/management/listen/socket-file.ts';
import { run } from '../support/run.ts';
import { describeSystem, useTestSegment } from '../support/system.ts';

const PAGE = join(import.meta.dirname, '../../docs/operating.md');

/** The commands of the page as they are printed, each with the comment above it. */
function printed(): { readonly begin: string; readonly lines: readonly string[] } {
  const chapter = readFileSync(PAGE, 'utf8').split('### The commonest jobs with curl and jq')[1] ?? '';
  const block = /```sh\n(.*?)```/s.exec(chapter)?.[1] ?? '';
  const [begin = '', rest = ''] = block.split('\n\n');
  return { begin, lines: rest.split('\n').filter((line) => line !== '' && !line.startsWith('#')) };
}

describeSystem('the commands with curl and jq that docs/operating.md prints', ['curl', 'jq'], () => {
  const segment = useTestSegment();

  test('do what is said above each', async () => {
    const gateway = await segment().gateway({
      GATEWAY_DHCP_POOL_START: '10.15.3.87',
      GATEWAY_DHCP_POOL_END: '10.15.3.90',
      GATEWAY_DHCP_DNS: 'off',
    });
    await gateway.untilManaged();
    const client = segment().client();
    const { yiaddr } = await client.ask({
      chaddr: '52:54:00:4e:06:01',
      options: [
        [53, 1],
        [50, 10, 15, 3, 87],
      ],
    });
    expect(yiaddr).toBe('10.15.3.87');
    await client.lease('52:54:00:4e:06:01', [50, 10, 15, 3, 87]);
    const { begin, lines } = printed();

    const told: string[] = [];
    const typed = (line: string) => {
      const here = begin.replace(/^SOCKET=.*$/m, `SOCKET=${join(gateway.directory, API_SOCKET)}`);
      return run(undefined, ['bash', '-c', `set -o pipefail\n${here}\n${line}`]);
    };
    for (const line of lines) {
      const { status, output, errors } = await typed(line);
      expect(`${line}: ${status} ${errors}`).toBe(`${line}: 0 `);
      told.push(output);
    }

    const refusals = [
      await typed('send /api/v1/reservations/vps-17 PUT \'{"mac": ["zz"]}\' | jq -r .address'),
      await typed('api /api/v1/leases/10.15.3.200 | jq -r .state'),
      await typed('SOCKET=/nowhere; api /api/v1/info | jq -r .node'),
    ];
    expect(refusals.map(({ status, output }) => [status, output])).toEqual([
      [22, ''],
      [22, ''],
      [22, ''],
    ]);
    expect(refusals[0]?.errors).toMatch(/^the entry has faults\n\/mac\/0: is not a MAC address/m);
    expect(refusals[1]?.errors).toMatch(/^10\.15\.3\.200 was never leased$/m);
    expect(refusals[2]?.errors).toMatch(/^curl: \(7\)/);
    // The pool is full: the answer is what is wrong, and is no refusal.
    for (const last of [87, 88, 89, 90])
      await typed(`send /api/v1/addresses/10.15.3.${last}/quarantine POST '{}'`);
    const full = await typed(lines[0] ?? '');
    expect(full.output).toMatch(/^false\nthe pool is full: 0 of 4 addresses free, 0 leased, /);
    expect(begin).toContain('SOCKET=/var/lib/obiente/vps-gateway/api.sock');
    expect(lines.length).toBeGreaterThanOrEqual(10);
    const all = told.join('');
    expect(told[0]).toBe('true\n');
    for (const wanted of [
      /^10\.15\.3\.0\/24: 1 of 4 leased, 0 by other gateways, 3 left$/m,
      /^bound 52:54:00:4e:06:01 null$/m,
      /^10\.15\.3\.87 bound$/m,
      /^10\.15\.3\.87\t52:54:00:4e:06:01\t/m,
      /^20\S+ 52:54:00:4e:06:01 bound$/m,
      /^web-1: 10\.15\.3\.87$/m,
      /^10\.15\.3\.(88|89|90)$/m,
      /^quarantined-by-operator$/m,
      /^restored-by-operator$/m,
      /^released-by-operator$/m,
    ])
      expect(all).toMatch(wanted);
  });
});
