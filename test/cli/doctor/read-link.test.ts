import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readLink } from '../../../src/cli/doctor/read-link.ts';
import { findProgram } from '../../../src/diagnosis/find-program.ts';
import { droppingRulesFor } from '../../../src/diagnosis/firewall/read-firewall.ts';
import { findInterface } from '../../../src/transport/linux/interfaces.ts';

const { PATH } = process.env;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'programs-'));
  process.env['PATH'] = `${folder}:${PATH}`;
});
afterEach(() => {
  process.env['PATH'] = PATH;
  rmSync(folder, { recursive: true });
});

/** A program of this name that comes before the machine's own. */
function install(name: string, script: string, mode = 0o755): void {
  writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, name), mode);
}

function tunnelsBelowLoopback() {
  const loopback = findInterface('lo');
  if (loopback === undefined) throw new Error('no loopback');
  return readLink(loopback).vxlans;
}

describe('what ip prints of the tunnels', () => {
  test.each(['null', '5', '"text"', '{}', '[', 'no JSON'])('is not known where it is %s', (printed) => {
    install('ip', `echo '${printed}'`);

    expect(tunnelsBelowLoopback()).toBe(undefined);
  });

  test.each([
    ['[null, 1, "text", [], {"linkinfo": null}]', []],
    [
      '[{"ifname": "lo", "linkinfo": {"info_kind": "vxlan", "info_data": null}}]',
      [{ name: 'lo', underlay: undefined, underlayMtu: undefined }],
    ],
    [
      '[{"ifname": "lo", "mtu": "x", "linkinfo": {"info_kind": "vxlan", "info_data": {"link": "lo"}}}]',
      [{ name: 'lo', underlay: 'lo', underlayMtu: undefined }],
    ],
  ])('is taken as far as it is understood: %s', (printed, expected) => {
    install('ip', `echo '${printed}'`);

    expect(tunnelsBelowLoopback()).toEqual(expected);
  });

  const tunnel = (data: string) =>
    `[{"ifname": "lo", "mtu": 65536, "linkinfo": {"info_kind": "vxlan", "info_data": {${data}}}}, {"ifname": "eno1", "mtu": 1500}]`;

  test.each([
    ['that has its local address', '"local": "127.0.0.1"', 'lo', 65536],
    ['on the way to its remote address', '"local": "192.0.2.10", "remote": "192.0.2.11"', 'eno1', 1500],
    ['on the way to the first of its nodes', '"local": "192.0.2.10"', 'eno1', 1500],
  ])('of a tunnel without an interface: the MTU is of the one %s', (_, data, underlay, underlayMtu) => {
    install('ip', `case "$*" in *route*) echo '[{"dev": "eno1"}]';; *) echo '${tunnel(data)}';; esac`);
    install(
      'bridge',
      `echo '[{"mac": "52:54:00:00:00:01"}, {"mac": "00:00:00:00:00:00", "dst": "192.0.2.11"}]'`,
    );

    expect(tunnelsBelowLoopback()).toEqual([{ name: 'lo', underlay, underlayMtu }]);
  });

  test('is not waited for without an end, also where the program does not end by itself', () => {
    install('ip', "trap '' TERM\nwhile :; do sleep 0.1; done");

    expect(tunnelsBelowLoopback()).toBe(undefined);
  });
});

describe('the rules of a firewall', () => {
  test('that are printed without an end are not known, also where a second program names none that drops', () => {
    install('iptables-save', ':');
    install('nft', 'yes');

    expect(droppingRulesFor('lo')).toBe(undefined);
  });

  test('of which one drops what guests send are bad, also where they could not be read to the end', () => {
    install('iptables-save', "printf '*filter\\n:INPUT DROP [0:0]\\nCOMMIT\\n'");
    install('nft', 'yes');

    expect(droppingRulesFor('lo')).toMatchObject([
      { text: 'iptables: the policy DROP of INPUT (table filter)' },
    ]);
  });
});

test('what may not be run is no program, wherever it stands before the one that may', () => {
  install('sh', ':', 0o644);

  expect(findProgram('sh')).toMatch(/\/s?bin\/sh$/);
});
