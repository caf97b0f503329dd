import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { API_SOCKET } from '../../src/management/listen/unix-listener.ts';
import { eventually } from '../support/eventually.ts';
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
    await eventually('its API is there', () => existsSync(join(gateway.directory, API_SOCKET)));
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
    for (const line of lines) {
      const script = `set -o pipefail\n${begin.replace(/^SOCKET=.*$/m, `SOCKET=${join(gateway.directory, API_SOCKET)}`)}\n${line}`;
      const { status, output, errors } = await run(undefined, ['bash', '-c', script]);
      expect(`${line}: ${status} ${errors}`).toBe(`${line}: 0 `);
      told.push(output);
    }

    expect(begin).toContain('SOCKET=/var/lib/obiente/vps-gateway/api.sock');
    expect(lines.length).toBeGreaterThanOrEqual(10);
    const all = told.join('');
    expect(told[0]).toBe('true\n');
    for (const wanted of [
      /^10\.15\.3\.0\/24: 1 of 4 leased, 3 left$/m,
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
