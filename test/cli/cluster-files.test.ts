import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { addCertificatesCommand } from '../../src/cli/cluster-certificates.ts';
import { addEtcdConfigCommand } from '../../src/cli/cluster-etcd-config.ts';
import { loadSettings } from '../../src/config/loading/load-settings.ts';
import { problemToText } from '../../src/config/problem.ts';
import { ROOT } from '../support/pages.ts';

const THREE = 'node1=192.0.2.11,node2=192.0.2.12,node3=192.0.2.13';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vps-gateway-files-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** What a command prints to a program, and to a person. */
async function printed(
  words: readonly string[],
  environment = {},
): Promise<{ output: string; remarks: string }> {
  let [output, remarks] = ['', ''];
  const surroundings = {
    output: {
      hasColour: false,
      write: (text: string) => {
        output += text;
      },
    },
    environment,
    remark: (text: string) => {
      remarks += `${text}\n`;
    },
    exitWith: () => undefined,
  };
  const program = new Command().exitOverride().configureOutput({ writeErr: () => undefined });
  for (const add of [addCertificatesCommand, addEtcdConfigCommand]) add(program, surroundings);
  for (const command of program.commands)
    command.exitOverride().configureOutput({ writeErr: () => undefined });
  await program.parseAsync(words, { from: 'user' });
  return { output, remarks };
}

const config = (...words: readonly string[]) => printed(['etcd-config', '--nodes', THREE, ...words]);

function variables(text: string): Readonly<Record<string, string>> {
  const lines = text.split('\n').filter((line) => /^[A-Z_]+=/.test(line));
  return Object.fromEntries(lines.map((line) => [line.split('=', 1)[0], line.slice(line.indexOf('=') + 1)]));
}

describe('cluster certificates', () => {
  const certificates = (...words: readonly string[]) =>
    printed(['certificates', '--out', join(folder, 'out'), ...words]);

  test('prints what is made, when it ends, the commands that copy it, and what to do with the key', async () => {
    const { output, remarks } = await certificates('--nodes', 'node1=192.0.2.11,node2=2001:db8::12');

    expect(output).toMatch(/^WHAT +FOR +ADDRESS +ENDS +FILES\nmade +\(authority\) +- +20\d\d-\d\d-\d\d /);
    expect(output).toContain(`
  ssh -n root@192.0.2.11 mkdir -p /etc/vps-gateway/etcd
  scp ${folder}/out/nodes/node1/* root@192.0.2.11:/etc/vps-gateway/etcd/
  ssh -n root@2001:db8::12 mkdir -p /etc/vps-gateway/etcd
  scp ${folder}/out/nodes/node2/* root@[2001:db8::12]:/etc/vps-gateway/etcd/
`);
    expect(remarks).toContain(`Keep ${folder}/out/authority/ca.key safe, and on no node`);
  });

  test('prints the copying of what is new alone, and of all where nothing is', async () => {
    await certificates('--nodes', THREE);

    const added = await certificates('--nodes', `${THREE},node4=192.0.2.14`);
    const again = await certificates('--nodes', THREE);

    expect(added.output.match(/scp/g)).toHaveLength(1);
    expect(again.output).toContain('Nothing was changed.');
    expect(again.output.match(/scp/g)).toHaveLength(3);
    expect(again.remarks).toBe('');
  });

  test('as JSON has the same, in snake case', async () => {
    const { output } = await certificates('--nodes', 'node1=192.0.2.11', '--json');

    expect(JSON.parse(output)).toEqual({
      authority: {
        what: 'made',
        certificate: `${folder}/out/authority/ca.crt`,
        key: `${folder}/out/authority/ca.key`,
        expires_at: expect.stringMatching(/^\d{4}-.*Z$/),
      },
      nodes: [
        {
          what: 'made',
          name: 'node1',
          address: '192.0.2.11',
          directory: `${folder}/out/nodes/node1`,
          expires_at: expect.stringMatching(/^\d{4}-.*Z$/),
          copy: [expect.stringContaining('ssh -n root@'), expect.stringContaining('scp ')],
        },
      ],
      warnings: [],
    });
  });

  test('quotes a directory of another name for the shell', async () => {
    const out = join(folder, "it's: here");
    const { output } = await printed(['certificates', '--out', out, '--nodes', 'node1=192.0.2.11']);

    expect(output).toContain(`scp '${folder}/it'\\''s: here/nodes/node1'/* root@`);
  });

  test.each([
    [
      ['--days', '0'],
      "--days: '0' is not a number that is allowed here; write a whole number from 1 to 36500",
    ],
    [['--days', '1y'], "--days: '1y'"],
    [['--out', '~/x'], "--out: '~/x' is no path: no shell has read its ~ here"],
  ])('%j is refused', async (words, message) => {
    await expect(certificates('--nodes', THREE, ...words)).rejects.toThrow(message);
  });
});

describe('cluster etcd-config', () => {
  test('default: a member’s /etc/default/etcd', async () => {
    const { output, remarks } = await config('--node', 'node2');

    expect(output).toMatch(/^# For node2: /);
    expect(remarks).toBe('');
    const d = '/etc/vps-gateway/etcd';
    expect(variables(output)).toEqual({
      ETCD_NAME: 'node2',
      ETCD_DATA_DIR: '/var/lib/etcd/default',
      ETCD_LISTEN_CLIENT_URLS: 'https://192.0.2.12:2379',
      ETCD_ADVERTISE_CLIENT_URLS: 'https://192.0.2.12:2379',
      ETCD_LISTEN_PEER_URLS: 'https://192.0.2.12:2380',
      ETCD_INITIAL_ADVERTISE_PEER_URLS: 'https://192.0.2.12:2380',
      ETCD_INITIAL_CLUSTER:
        'node1=https://192.0.2.11:2380,node2=https://192.0.2.12:2380,node3=https://192.0.2.13:2380',
      ETCD_INITIAL_CLUSTER_STATE: 'new',
      ETCD_CLIENT_CERT_AUTH: 'true',
      ETCD_TRUSTED_CA_FILE: `${d}/ca.crt`,
      ETCD_CERT_FILE: `${d}/node.crt`,
      ETCD_KEY_FILE: `${d}/node.key`,
      ETCD_PEER_CLIENT_CERT_AUTH: 'true',
      ETCD_PEER_TRUSTED_CA_FILE: `${d}/ca.crt`,
      ETCD_PEER_CERT_FILE: `${d}/node.crt`,
      ETCD_PEER_KEY_FILE: `${d}/node.key`,
      ETCD_PRE_VOTE: 'true',
      ETCD_AUTO_COMPACTION_MODE: 'periodic',
      ETCD_AUTO_COMPACTION_RETENTION: '1h',
      ETCD_QUOTA_BACKEND_BYTES: '1073741824',
    });
  });

  test('default: says what its flags say', async () => {
    const { output } = await config(
      ...[
        '--node',
        'node3',
        '--existing',
        '--certificates',
        '/tls/',
        '--data-dir',
        '/data',
        '--quota',
        '2GiB',
      ],
    );

    expect(variables(output)).toMatchObject({
      ETCD_INITIAL_CLUSTER_STATE: 'existing',
      ETCD_CERT_FILE: '/tls/node.crt',
      ETCD_DATA_DIR: '/data',
      ETCD_QUOTA_BACKEND_BYTES: String(2 ** 31),
    });
  });

  test('an IPv6 address stands in brackets in URLs', async () => {
    const nodes = 'a=2001:db8::1,b=2001:db8::2,c=2001:db8::3';
    const words = ['etcd-config', '--nodes', nodes, '--node', 'a'];

    expect(variables((await printed(words)).output)).toMatchObject({
      ETCD_LISTEN_PEER_URLS: 'https://[2001:db8::1]:2380',
    });
    const env = await printed([...words, '--format', 'env', '--segment', 'x']);
    expect(variables(env.output)).toMatchObject({ ETCD_IP: '[2001:db8::1]' });
  });

  test('env: what both compose files want, and settings that the gateway takes without a warning', async () => {
    const { output } = await config('--node', 'node1', '--format', 'env', '--segment', 'vpsnet');

    const compose = readFileSync(join(ROOT, 'docker-compose.etcd.yml'), 'utf8');
    const wanted = [...compose.matchAll(/\$\{(\w+):?/g)].map(([, name = '']) => name);
    expect(Object.keys(variables(output))).toEqual(expect.arrayContaining(wanted));
    expect(complaints(output)).toEqual([]);
  });

  test('settings: those of the gateway, for a node without a member too, and the segment of the environment counts', async () => {
    const { output, remarks } = await printed(
      ['etcd-config', '--nodes', THREE, '--node', 'node7', '--format', 'settings'],
      { GATEWAY_SEGMENT: 'vpsnet' },
    );

    expect(variables(output)).toMatchObject({ GATEWAY_NODE_NAME: 'node7', GATEWAY_SEGMENT: 'vpsnet' });
    expect(Object.keys(variables(output)).filter((name) => !name.startsWith('GATEWAY_'))).toEqual([]);
    expect(complaints(output)).toEqual([]);
    expect(remarks).toContain('node7 has no member of etcd');
  });

  function complaints(text: string): readonly string[] {
    const loaded = loadSettings({}, variables(text));
    return [...(loaded.ok ? [] : loaded.problems), ...loaded.warnings].map(problemToText);
  }

  test('as JSON has the variables by name', async () => {
    const { output } = await config('--node', 'node1', '--json');

    expect(JSON.parse(output)).toMatchObject({
      node: 'node1',
      format: 'default',
      variables: { ETCD_NAME: 'node1', ETCD_PRE_VOTE: 'true' },
      warnings: [],
    });
  });

  test.each([
    ['node1=192.0.2.11', 'one member of etcd: when it is down'],
    ['node1=192.0.2.11,node2=192.0.2.12', '2 members of etcd stand the loss of 0 of them, no more than 1'],
    [`${THREE},node4=192.0.2.14`, '4 members of etcd stand the loss of 1 of them, no more than 3 members do'],
  ])('a number of members that helps nobody is a warning: %s', async (nodes, words) => {
    expect((await printed(['etcd-config', '--nodes', nodes, '--node', 'node1'])).remarks).toContain(words);
  });

  test('--out writes the file, keeps one that says so, and replaces another only where that is asked for', async () => {
    const file = join(folder, 'etcd');
    const { output } = await config('--node', 'node1');

    expect(await config('--node', 'node1', '--out', file)).toEqual({
      output: '',
      remarks: `${file} is written\n`,
    });
    expect(readFileSync(file, 'utf8')).toBe(output);
    expect((await config('--node', 'node1', '--out', file)).remarks).toBe(`${file} says so already\n`);
    writeFileSync(file, '# mine\n');
    await expect(config('--node', 'node1', '--out', file)).rejects.toMatchObject({
      code: 'refused',
      message: `${file} is there, and says something else: compare them, then write it with --replace`,
    });
    expect(readFileSync(file, 'utf8')).toBe('# mine\n');
    await config('--node', 'node1', '--out', file, '--replace');
    expect(readFileSync(file, 'utf8')).toBe(output);
  });

  test.each<[readonly string[], string]>([
    [['--node', 'node7'], "--node 'node7' is not among the nodes of --nodes (node1, node2, node3)"],
    [['--node', 'node 1'], "--node: 'node 1' is not a name"],
    [['--node', 'node1', '--format', 'env'], 'GATEWAY_SEGMENT: not set'],
    [['--node', 'node1', '--format', 'settings', '--segment', 'a b'], "--segment: 'a b' is not a name"],
    [['--node', 'node1', '--format', 'yaml'], 'Allowed choices are default, env, settings'],
    [['--node', 'node1', '--quota', '2'], "--quota: '2' is too small"],
    [
      ['--node', 'node1', '--certificates', 'here'],
      "--certificates: 'here' is not a whole path without blanks",
    ],
    [['--node', 'node1', '--data-dir', '/a b'], "--data-dir: '/a b' is not a whole path without blanks"],
    [
      ['--node', 'node1', '--data-dir', '/a', '--format', 'env'],
      '--data-dir counts for --format default alone',
    ],
    [['--node', 'node1', '--existing', '--format', 'settings'], '--existing counts for a member of etcd'],
    [['--node', 'node1', '--out', '/dev/null'], '/dev/null is no regular file: leave --out out'],
    [['--node', 'node1', '--out', '/proc/nothing/x'], '/proc/nothing/x cannot be written (ENOENT)'],
  ])('%j is refused', async (words, message) => {
    await expect(config(...words)).rejects.toThrow(message);
  });

  test('more members than a gateway takes are refused', async () => {
    const nodes = Array.from({ length: 10 }, (_, index) => `n${index}=192.0.2.${index + 1}`).join(',');

    await expect(printed(['etcd-config', '--nodes', nodes, '--node', 'n1'])).rejects.toThrow(
      '--nodes has 10 members of etcd',
    );
  });
});
