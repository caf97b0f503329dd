import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fileJsonSchema } from '../../src/config/file/file-schema.ts';
import { loadSettings } from '../../src/config/load-settings.ts';
import { problemToText } from '../../src/config/problem.ts';
import type { Environment } from '../../src/config/settings.ts';
import { findProgram } from '../../src/diagnosis/find-program.ts';
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
    ['what it has behind a # sign, too,', (text: string) => text.replace(/^#(?=[a-z]\w*:| {2}- )/gm, '')],
  ])('settings.yaml: %s is accepted without a warning, and says the same as settings', (_, shown) => {
    const yaml = shown(readFileSync(join(EXAMPLES, 'settings.yaml'), 'utf8'));
    const loaded = loadSettings({ settingsFile: '/settings.yaml' }, {}, () => ({ ok: true, value: yaml }));
    const isWhole = yaml.includes('\nnode_name');
    const asVariables = loadSettings(
      {},
      variablesIn(isWhole ? settings.replace(/^#(?=[A-Z])/gm, '') : settings),
    );

    expect([...(loaded.ok ? [] : loaded.problems), ...loaded.warnings].map(problemToText)).toEqual([]);
    expect(loaded.settings).toEqual({ ...asVariables.settings, settingsFile: '/settings.yaml' });
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

  test.skipIf(findProgram('systemd-analyze') === undefined)(
    'vps-gateway.service: systemd-analyze (Debian package systemd) finds nothing wrong',
    () => {
      const { stderr, status } = spawnSync(
        'systemd-analyze',
        ['verify', join(EXAMPLES, 'vps-gateway.service')],
        {
          encoding: 'utf8',
        },
      );

      expect(stderr.split('\n').filter((line) => line.includes('vps-gateway'))).toEqual([]);
      expect(status).toBe(0);
    },
  );
});

test.skipIf(findProgram('openssl') === undefined)(
  'the script of docs/etcd.md makes certificates that fit their nodes',
  () => {
    const script = blocksOf(pageAt('docs/etcd.md')).find(({ text }) =>
      text.includes('openssl req -x509'),
    )?.text;
    const folder = mkdtempSync(join(tmpdir(), 'vps-gateway-certificates-'));
    try {
      // ssh and scp lead to a folder for each node.
      const nodes = join(folder, 'nodes');
      mkdirSync(nodes);
      const copies = `ssh() { mkdir -p ${nodes}/$1/etc/vps-gateway/etcd; }; scp() { cp "$1" "${nodes}/$(echo "$2" | sed s.:.. )"; }`;
      writeFileSync(join(folder, 'script'), `set -e\n${copies}\n${script}`);
      const made = spawnSync('bash', ['script'], { cwd: folder, encoding: 'utf8' });
      const place = `${nodes}/root@192.0.2.12/etc/vps-gateway/etcd`;
      const verified = spawnSync(
        'openssl',
        [
          'verify',
          '-CAfile',
          `${place}/ca.crt`,
          '-verify_ip',
          '192.0.2.12',
          '-purpose',
          'sslserver',
          `${place}/node.crt`,
        ],
        { encoding: 'utf8' },
      );

      expect(made.status).toBe(0);
      expect(verified.stdout).toBe(`${place}/node.crt: OK\n`);
      expect(readFileSync(`${place}/node.key`, 'utf8')).toContain('PRIVATE KEY');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
);
