import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fileJsonSchema } from '../../src/config/file/file-schema.ts';
import { loadSettings } from '../../src/config/loading/load-settings.ts';
import { problemToText } from '../../src/config/problem.ts';
import type { Environment } from '../../src/config/settings.ts';
import { findProgram } from '../../src/diagnosis/find-program.ts';
import { builtProgram } from '../support/gateway-process.ts';
import { blocksOf, type Page, pages, ROOT } from '../support/pages.ts';

const EXAMPLES = join(ROOT, 'docs/examples');

function pageAt(path: string): Page {
  const page = pages().find((each) => each.path === path);
  if (page === undefined) throw new Error(`there is no ${path}`);
  return page;
}

/** The variables of a file, as systemd and compose read it. */
function variablesIn(text: string): Environment {
  const lines = text.split('\n').filter((line) => /^[A-Z_]+=/.test(line));
  return Object.fromEntries(lines.map((line) => [line.split('=', 1)[0], line.slice(line.indexOf('=') + 1)]));
}

function complaintsOf(text: string): readonly string[] {
  const loaded = loadSettings({}, variablesIn(text));
  return [...(loaded.ok ? [] : loaded.problems), ...loaded.warnings].map(problemToText);
}

describe('docs/examples', () => {
  const settings = readFileSync(join(EXAMPLES, 'settings'), 'utf8');

  test('settings: what it sets is accepted without a warning', () => {
    expect(complaintsOf(settings)).toEqual([]);
  });

  test('settings: so is what it has behind a # sign', () => {
    expect(complaintsOf(settings.replace(/^#(?=[A-Z])/gm, ''))).toEqual([]);
  });

  test.each([
    ['what it sets', (text: string) => text],
    ['what it has behind a # sign, too,', (text: string) => text.replace(/^#(?=[a-z]\w*:| {2,})/gm, '')],
  ])('settings.yaml: %s is accepted without a warning, and says the same as settings', (_, shown) => {
    const yaml = shown(readFileSync(join(EXAMPLES, 'settings.yaml'), 'utf8'));
    const loaded = loadSettings({ settingsFile: '/settings.yaml' }, {}, () => ({ ok: true, value: yaml }));
    const isWhole = yaml.includes('\nnode_name');
    const asVariables = loadSettings(
      {},
      variablesIn(isWhole ? settings.replace(/^#(?=[A-Z])/gm, '') : settings),
    );

    expect([...(loaded.ok ? [] : loaded.problems), ...loaded.warnings].map(problemToText)).toEqual([]);
    const { policy, ...others } = loaded.settings;
    expect(policy !== undefined).toBe(isWhole);
    expect(others).toEqual({ ...asVariables.settings, settingsFile: '/settings.yaml' });
  });

  test('settings.schema.json is the shape that a settings file is checked against (vitest with -u writes it)', async () => {
    const file = join(EXAMPLES, 'settings.schema.json');

    await expect(`${JSON.stringify(fileJsonSchema(), null, 2)}\n`).toMatchFileSnapshot(file);
  });

  test('compose.env: what it sets is accepted without a warning, and both compose files get what they want', () => {
    const text = readFileSync(join(EXAMPLES, 'compose.env'), 'utf8');
    const compose = readFileSync(join(ROOT, 'docker-compose.etcd.yml'), 'utf8');
    const wanted = [...compose.matchAll(/\$\{(\w+):\?/g)].map(([, name = '']) => name);

    expect(complaintsOf(text)).toEqual([]);
    expect(wanted.length).toBeGreaterThan(2);
    expect(Object.keys(variablesIn(text))).toEqual(expect.arrayContaining(wanted));
  });

  test('interfaces.d-vps-gateway is what docs/proxmox.md prints', () => {
    const withoutRemarks = (text: string) => text.replace(/^#.*\n/gm, '');
    const file = withoutRemarks(readFileSync(join(EXAMPLES, 'interfaces.d-vps-gateway'), 'utf8'));

    expect(blocksOf(pageAt('docs/proxmox.md')).map(({ text }) => withoutRemarks(text))).toContain(file);
  });

  test('vps-gateway.service: the directory of the leases is the default one', () => {
    const unit = readFileSync(join(EXAMPLES, 'vps-gateway.service'), 'utf8');
    const loaded = loadSettings({}, {});

    expect(loaded.ok && loaded.settings.leasesDir).toBe(
      `/var/lib/${/^StateDirectory=(.*)$/m.exec(unit)?.[1]}`,
    );
  });

  test.skipIf(findProgram('systemd-analyze') === undefined).each([
    ['as it is', /^$/gm],
    ['with its lines about secrets', /^#(?=[A-Z]\w+=)/gm],
  ])(
    'vps-gateway.service %s: systemd-analyze (Debian package systemd) finds nothing wrong',
    (_, commented) => {
      const folder = mkdtempSync(join(tmpdir(), 'vps-gateway-unit-'));
      const unit = readFileSync(join(EXAMPLES, 'vps-gateway.service'), 'utf8').replaceAll(commented, '');
      writeFileSync(join(folder, 'vps-gateway.service'), unit);
      const { stderr, status } = spawnSync(
        'systemd-analyze',
        ['verify', join(folder, 'vps-gateway.service')],
        { encoding: 'utf8' },
      );
      rmSync(folder, { recursive: true });

      expect(stderr.split('\n').filter((line) => line.includes('vps-gateway'))).toEqual([]);
      expect(status).toBe(0);
    },
  );
});

describe('docs/etcd.md, as it is printed', () => {
  const blocks = blocksOf(pageAt('docs/etcd.md')).map(({ text }) => text.replaceAll('\\\n', ' '));
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'vps-gateway-etcd-page-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** Runs the lines of a block that set a variable or name the program; ssh and scp lead to a folder for each node. */
  function execute(text: string, more = ''): string {
    const kept = text.split('\n').filter((line) => /^(\w+=|vps-gateway )/.test(line));
    const script = [
      'set -eo pipefail',
      `vps-gateway() { ${process.execPath} ${builtProgram()} "$@"; }`,
      'ssh() { mkdir -p "$PWD/$2$5"; }',
      'scp() { cp "$1" "$2" "$3" "$PWD/$(echo "$4" | sed s/://)"; }',
      ...kept.map((line) => line.replaceAll('/etc/default/', './').replaceAll('>/etc/vps-gateway/', '>./')),
      more,
    ];
    const { stdout, stderr, status } = spawnSync('bash', ['-c', script.join('\n')], {
      cwd: folder,
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(stderr);
    return stdout;
  }

  function blockWith(words: string): string {
    const found = blocks.find((text) => text.includes(words));
    if (found === undefined) throw new Error(`no block has ${words}`);
    return found;
  }

  test.skipIf(findProgram('openssl') === undefined)(
    'makes certificates that fit their nodes, and prints what brings them there',
    () => {
      const printed = execute(blockWith('vps-gateway cluster certificates --nodes $nodes\n'));
      execute('', printed.replace(/^(?! {2}s).*\n/gm, ''));

      const place = `${folder}/root@192.0.2.12/etc/vps-gateway/etcd`;
      const address = ['-verify_ip', '192.0.2.12', '-purpose', 'sslserver'];
      const verified = spawnSync(
        'openssl',
        ['verify', '-CAfile', `${place}/ca.crt`, ...address, `${place}/node.crt`],
        { encoding: 'utf8' },
      );
      expect(verified.stdout).toBe(`${place}/node.crt: OK\n`);
      expect(readFileSync(`${place}/node.key`, 'utf8')).toContain('PRIVATE KEY');
      expect(printed).toContain('etcd-certificates/nodes/node3');
    },
    120_000, // It runs the program several times.
  );

  test('makes a node more, renews the nodes, and renews the authority', () => {
    const first = blockWith('vps-gateway cluster certificates --nodes $nodes\n');
    const [list = ''] = first.split('\n');
    execute(first);

    expect(execute(blockWith('--nodes node4='))).toMatch(/^made +node4 /m);
    expect(execute(`${list}\n${blockWith('--nodes $nodes --renew\n')}`)).toMatch(/^renewed +node3 /m);
    const all = `${list},node4=192.0.2.14\n${blockWith('--renew-authority')}`;
    expect(execute(all)).toMatch(/^renewed +\(authority\) /m);
  });

  test('writes the settings of etcd and of the gateway, which are those of the compose files’ example', () => {
    execute(blockWith('>/etc/default/etcd'));
    const [list = ''] = blockWith('>/etc/default/etcd').match(/^members=.*$/m) ?? [];
    execute(`n=1\n${list}\n${blockWith('>>/etc/vps-gateway/settings')}`);

    const etcd = variablesIn(readFileSync(join(folder, 'etcd'), 'utf8'));
    const gateway = readFileSync(join(folder, 'settings'), 'utf8');
    const example = variablesIn(readFileSync(join(EXAMPLES, 'compose.env'), 'utf8'));
    const cluster = etcd['ETCD_INITIAL_CLUSTER'];
    expect(etcd).toMatchObject({ ETCD_NAME: 'node1', ETCD_INITIAL_CLUSTER: example['ETCD_INITIAL_CLUSTER'] });
    expect(cluster).toContain('node3=https://192.0.2.13:2380');
    expect(complaintsOf(gateway)).toEqual([]);
    expect({ ...example, ...variablesIn(gateway) }).toEqual(example);
  });
});
