import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findProgram } from '../../../src/diagnosis/find-program.ts';
import type { GatewayError } from '../../../src/errors.ts';
import { type Instant, instant } from '../../../src/lease/lease.ts';
import {
  type CertificatesReport,
  makeCertificates,
} from '../../../src/sharing/certificates/make-certificates.ts';
import { nodesFromText } from '../../../src/sharing/node-list.ts';

const NOW = instant(Date.UTC(2026, 10, 28, 16));
const DAY = 86_400_000;
const THREE = 'node1=192.0.2.11,node2=192.0.2.12,node3=192.0.2.13';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vps-gateway-made-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const out = () => join(folder, 'etcd-certificates');
const path = (name: string) => join(out(), name);
const text = (name: string) => readFileSync(path(name), 'utf8');
const certificate = (name: string) => new X509Certificate(text(name));
const daysOn = (days: number): Instant => instant(NOW + days * DAY);

interface Wish {
  readonly days?: number;
  readonly renew?: boolean;
  readonly renewAuthority?: boolean;
  readonly now?: Instant;
}

function make(nodes: string, wish: Wish = {}): CertificatesReport {
  const usual = { directory: out(), days: 3650, renew: false, renewAuthority: false, now: NOW };
  return makeCertificates({ ...usual, nodes: nodesFromText(nodes), ...wish });
}

/** The error of a refusal, and that nothing was written by it. */
function refusal(nodes: string, wish: Wish = {}): string {
  const before = contents();
  try {
    make(nodes, wish);
  } catch (error) {
    expect(contents()).toEqual(before);
    const { code, message } = error as GatewayError;
    return `${code}: ${message.replaceAll(`${out()}/`, '')}`;
  }
  throw new Error('it was not refused');
}

function contents(): Readonly<Record<string, string>> {
  if (!existsSync(out())) return {};
  const names = readdirSync(out(), { recursive: true, encoding: 'utf8' });
  const files = names.filter((name) => statSync(path(name)).isFile());
  return Object.fromEntries(files.sort().map((name) => [name, text(name)]));
}

const whatOf = ({ authority, nodes }: CertificatesReport) => [
  authority.what,
  ...nodes.map(({ what }) => what),
];
const openssl = (...words: readonly string[]) =>
  execFileSync('openssl', words, { encoding: 'utf8', cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });

describe('the files', () => {
  test('are an authority, apart, and three for each node; a key is its owner’s alone, whatever the umask', () => {
    const mask = process.umask(0);
    make(THREE);
    process.umask(0o077);
    make('node4=192.0.2.14');
    process.umask(mask);

    const modes = Object.keys(contents()).map((name) => [
      name,
      (statSync(path(name)).mode & 0o777).toString(8),
    ]);
    expect(Object.fromEntries(modes)).toEqual({
      'authority/ca.crt': '644',
      'authority/ca.key': '600',
      ...Object.fromEntries(
        [1, 2, 3, 4].flatMap((number) => [
          [`nodes/node${number}/ca.crt`, '644'],
          [`nodes/node${number}/node.crt`, '644'],
          [`nodes/node${number}/node.key`, '600'],
        ]),
      ),
    });
    expect(
      ['.', 'authority', 'nodes', 'nodes/node1'].map((name) => statSync(path(name)).mode & 0o777),
    ).toEqual([0o700, 0o700, 0o700, 0o700]);
  });

  test('in them the certificate is for client and server, by each name and address of the node', () => {
    make('node1=192.0.2.11,node_2=2001:DB8::12');

    const [first, second] = [certificate('nodes/node1/node.crt'), certificate('nodes/node_2/node.crt')];
    expect(first.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
    expect(first.subjectAltName).toBe(
      'IP Address:192.0.2.11, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1, DNS:node1, DNS:localhost',
    );
    expect(second.checkIP('2001:db8::12')).toBe('2001:db8::12');
    expect(second.subjectAltName).not.toContain('DNS:node_2');
    expect([first.ca, certificate('authority/ca.crt').ca]).toEqual([false, true]);
  });

  test('the nodes’ certificates last as long as is asked for, the authority’s 20 years, beyond 2049 too', () => {
    const report = make('node1=192.0.2.11', { days: 10_000 });

    const made = certificate('nodes/node1/node.crt');
    expect(Date.parse(made.validTo)).toBe(NOW + 10_000 * DAY);
    expect(Date.parse(made.validFrom)).toBe(NOW - DAY);
    expect(Date.parse(certificate('authority/ca.crt').validTo)).toBe(NOW + 20_000 * DAY);
    expect(report.nodes[0]?.end).toBe(NOW + 10_000 * DAY);
    expect(new Date(report.authority.end).getUTCFullYear()).toBe(2081);
  });

  test.skipIf(findProgram('openssl') === undefined)('pass the strict checks of openssl', () => {
    make(THREE, { days: 9000 });

    for (const purpose of ['sslserver', 'sslclient'])
      expect(
        openssl(
          ...['verify', '-x509_strict', '-purpose', purpose, '-verify_ip', '192.0.2.12'],
          ...[
            '-verify_hostname',
            'node2',
            '-CAfile',
            path('nodes/node2/ca.crt'),
            path('nodes/node2/node.crt'),
          ],
        ),
      ).toContain(': OK');
    expect(() =>
      openssl(
        'verify',
        '-verify_ip',
        '192.0.2.11',
        '-CAfile',
        path('authority/ca.crt'),
        path('nodes/node2/node.crt'),
      ),
    ).toThrow();
  });
});

describe('run again', () => {
  test('it keeps all that is there', () => {
    make(THREE);
    const before = contents();

    expect(whatOf(make(THREE, { now: daysOn(10), days: 20 }))).toEqual(['kept', 'kept', 'kept', 'kept']);
    expect(contents()).toEqual(before);
  });

  test('it makes a certificate of the same authority for a node more, named alone or beside the others', () => {
    make(THREE);
    const before = contents();

    expect(whatOf(make('node4=192.0.2.14'))).toEqual(['kept', 'made']);
    expect(whatOf(make(`${THREE},node5=192.0.2.15`))).toEqual(['kept', 'kept', 'kept', 'kept', 'made']);

    expect(contents()).toMatchObject(before);
    expect(certificate('nodes/node5/node.crt').checkIssued(certificate('authority/ca.crt'))).toBe(true);
  });

  test('--renew makes new keys and certificates for the named nodes, and leaves the others and the authority', () => {
    make(THREE);
    const { 'nodes/node2/node.crt': cert, 'nodes/node2/node.key': key, ...others } = contents();

    expect(whatOf(make('node2=192.0.2.22', { renew: true, now: daysOn(100) }))).toEqual(['kept', 'renewed']);

    expect(contents()).toMatchObject(others);
    expect([text('nodes/node2/node.crt'), text('nodes/node2/node.key')]).not.toContain(cert);
    expect(text('nodes/node2/node.key')).not.toBe(key);
    expect(certificate('nodes/node2/node.crt').checkIP('192.0.2.22')).toBe('192.0.2.22');
  });

  test('--renew-authority gives it more time; certificates of before are good under it, and new ones under the old', () => {
    make(THREE);
    const old = certificate('authority/ca.crt');
    const nodeBefore = text('nodes/node1/node.crt');

    const report = make(`${THREE},node4=192.0.2.14`, { renewAuthority: true, now: daysOn(3000) });

    const renewed = certificate('authority/ca.crt');
    expect(whatOf(report)).toEqual([
      'renewed',
      'authority-renewed',
      'authority-renewed',
      'authority-renewed',
      'made',
    ]);
    expect(Date.parse(renewed.validTo)).toBe(NOW + (3000 + 7300) * DAY);
    expect(text('nodes/node1/node.crt')).toBe(nodeBefore);
    expect([1, 2, 3, 4].map((number) => text(`nodes/node${number}/ca.crt`))).toEqual(
      new Array(4).fill(text('authority/ca.crt')),
    );
    for (const name of ['node1', 'node4'])
      for (const authority of [old, renewed])
        expect(certificate(`nodes/${name}/node.crt`).checkIssued(authority)).toBe(true);
  });

  test('it works without the key of the authority as long as nothing is signed, and says what it needs it for', () => {
    make(THREE);
    renameSync(path('authority/ca.key'), join(folder, 'ca.key'));

    expect(whatOf(make(THREE))).toEqual(['kept', 'kept', 'kept', 'kept']);
    expect(refusal('node4=192.0.2.14')).toMatch(/^refused: .*authority\/ca.key is not there.*bring it back/s);
  });
});

describe('what ends', () => {
  test('a certificate that would outlive its authority ends with it, and a warning says so', () => {
    make('node1=192.0.2.11');

    const { nodes, warnings } = make('node2=192.0.2.12', { now: daysOn(7000) });

    expect(nodes[0]?.end).toBe(NOW + 7300 * DAY);
    expect(warnings).toEqual([
      expect.stringMatching(/end on 2046-11-23, with the authority.*--renew-authority/),
    ]);
  });

  test('a kept certificate that ends within 30 days is a warning with the words that renew it', () => {
    make('node1=192.0.2.11', { days: 40 });

    expect(make('node1=192.0.2.11', { now: daysOn(9) }).warnings).toEqual([]);
    expect(make('node1=192.0.2.11', { now: daysOn(11) }).warnings).toEqual([
      'the certificate of node1 ends on 2027-01-07: renew it with --nodes node1=192.0.2.11 --renew',
    ]);
  });

  test('one that has ended is refused, and renewed where that is asked for', () => {
    make('node1=192.0.2.11', { days: 40 });

    expect(refusal('node1=192.0.2.11', { now: daysOn(41) })).toMatch(/node.crt has ended on .* --renew$/);
    expect(whatOf(make('node1=192.0.2.11', { now: daysOn(41), renew: true }))).toEqual(['kept', 'renewed']);
  });

  test('an authority that has ended is refused, and mended by what the refusal names', () => {
    make('node1=192.0.2.11');
    const now = daysOn(7301);

    expect(refusal('node2=192.0.2.12', { now })).toMatch(
      /ca.crt has ended on 2046-11-23: .*--renew-authority.*--renew/,
    );
    expect(refusal('node1=192.0.2.11', { now, renewAuthority: true })).toMatch(
      /node.crt has ended.*with --renew$/,
    );
    expect(whatOf(make('node1=192.0.2.11', { now, renewAuthority: true, renew: true }))).toEqual([
      'renewed',
      'renewed',
    ]);
  });

  test('a clock that runs before the authority is named', () => {
    make('node1=192.0.2.11');

    expect(refusal('node2=192.0.2.12', { now: daysOn(-3) })).toMatch(
      /begins on 2026-11-27, and now it is 2026-11-25/,
    );
  });
});

describe('refused before anything is written, with what mends it', () => {
  test('another address of a node than its certificate has, beside every other problem', () => {
    make(THREE);
    rmSync(path('nodes/node3/node.key'));

    const said = refusal('node1=192.0.2.21,node3=192.0.2.13,node4=192.0.2.14');

    expect(said).toMatch(
      /node1\/node.crt is for .*192.0.2.11.*, not for 192.0.2.21: .*--nodes node1=192.0.2.21 --renew/,
    );
    expect(said).toMatch(/node3\/node.key is missing: .*--nodes node3=192.0.2.13 --renew/);
  });

  test('a key and a certificate that do not belong together', () => {
    make(THREE);
    copyFileSync(path('nodes/node1/node.key'), path('nodes/node2/node.key'));

    expect(refusal('node2=192.0.2.12')).toMatch(
      /node2\/node.key does not belong to the certificate.*--renew/,
    );
  });

  test('files that are cut', () => {
    make(THREE);
    writeFileSync(path('nodes/node1/node.crt'), text('nodes/node1/node.crt').slice(0, 200));
    writeFileSync(path('authority/ca.key'), '');

    expect(refusal('node2=192.0.2.12')).toMatch(/authority\/ca.key holds no private key/);
    copyFileSync(path('nodes/node1/node.key'), path('authority/ca.key'));
    expect(refusal('node2=192.0.2.12')).toMatch(/authority\/ca.key does not belong to the certificate/);
  });

  test('certificates of another authority', () => {
    make(THREE);
    renameSync(out(), join(folder, 'other'));
    make(THREE);
    rmSync(path('authority'), { recursive: true });
    renameSync(join(folder, 'other/authority'), path('authority'));

    expect(refusal('node1=192.0.2.11')).toMatch(/node1\/node.crt is of another authority.*--renew/);
  });

  test('an authority that is gone, whole or half', () => {
    make(THREE);
    rmSync(path('authority/ca.crt'));
    expect(refusal(THREE)).toMatch(/ca.key is there without its ca.crt: put ca.crt back/);
    rmSync(path('authority'), { recursive: true });

    expect(refusal('node4=192.0.2.14')).toMatch(
      /authority is not there.*\(node1, node2, node3\): put it back/,
    );
  });

  test('a certificate of no authority, and several in one file', () => {
    make(THREE);
    const own = text('authority/ca.crt');
    writeFileSync(path('authority/ca.crt'), own + own);
    expect(refusal('node4=192.0.2.14')).toMatch(/ca.crt holds several certificates/);

    for (const [from, to] of [
      ['node.crt', 'ca.crt'],
      ['node.key', 'ca.key'],
    ])
      copyFileSync(path(`nodes/node1/${from}`), path(`authority/${to}`));
    expect(refusal('node4=192.0.2.14')).toMatch(/ca.crt is no certificate of an authority/);
  });

  test('an authority that is renewed without all of its nodes', () => {
    make(THREE);

    expect(refusal('node1=192.0.2.11', { renewAuthority: true })).toMatch(
      /has node2, node3, which --nodes has not/,
    );
    rmSync(path('nodes'), { recursive: true });
    rmSync(path('authority'), { recursive: true });
    expect(refusal('node1=192.0.2.11', { renewAuthority: true })).toMatch(/leave --renew-authority out/);
  });

  test('a name that differs from one that is there in case alone', () => {
    make(THREE);

    expect(refusal('NODE1=192.0.2.11')).toMatch(/'NODE1'.*'node1' already/);
  });
});

test('a directory that cannot be written or read is named, with the reason', () => {
  writeFileSync(join(folder, 'file'), '');
  const at = (directory: string) => () =>
    makeCertificates({
      ...{ directory, nodes: nodesFromText(THREE), days: 1, renew: false, renewAuthority: false, now: NOW },
    });

  expect(at(join(folder, 'file'))).toThrow(/file\/authority\/ca.crt cannot be read \(ENOTDIR\)/);
  expect(at('/proc/nothing')).toThrow(
    '/proc/nothing/authority cannot be written (ENOENT): name a directory with --out',
  );
  mkdirSync(join(folder, 'odd/authority/ca.key'), { recursive: true });
  expect(at(join(folder, 'odd'))).toThrow(/ca.key cannot be read \(it is no regular file\)/);
});

test('a key of the authority that others may use is a warning', () => {
  make('node1=192.0.2.11');
  chmodSync(path('authority/ca.key'), 0o640);

  expect(make('node1=192.0.2.11').warnings).toEqual([
    expect.stringContaining(`chmod 600 ${path('authority/ca.key')}`),
  ]);
});

describe.skipIf(findProgram('openssl') === undefined)('an authority that openssl has made', () => {
  const KEYS = {
    'P-256': ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'],
    'P-384': ['ec', '-pkeyopt', 'ec_paramgen_curve:P-384'],
    RSA: ['rsa:2048'],
  };

  function authority(newKey: readonly string[], ...more: readonly string[]): void {
    mkdirSync(path('authority'), { recursive: true });
    const [key, cert] = [path('authority/ca.key'), path('authority/ca.crt')];
    openssl(
      ...['req', '-x509', '-newkey', ...newKey, '-nodes', '-days', '9000', '-subj', '/O=Us/CN=Its own'],
      ...['-keyout', key, '-out', cert, ...more],
    );
  }

  test.each(Object.entries(KEYS))(
    'with a key of %s signs the nodes, and is renewed under its name',
    (_name, key) => {
      authority(key);
      const now = instant(Date.now());

      expect(whatOf(make(THREE, { now }))).toEqual(['kept', 'made', 'made', 'made']);
      expect(whatOf(make(THREE, { now, renewAuthority: true, renew: true }))).toEqual([
        ...['renewed', 'renewed', 'renewed', 'renewed'],
      ]);

      const verify = [
        'verify',
        '-x509_strict',
        '-CAfile',
        path('authority/ca.crt'),
        path('nodes/node1/node.crt'),
      ];
      expect(openssl(...verify)).toContain(': OK');
      expect(certificate('authority/ca.crt').subject).toBe('O=Us\nCN=Its own');
    },
  );

  test('with a key that signs nothing here, with a passphrase, or without leave to sign is refused', () => {
    const now = instant(Date.now());
    authority(['ed25519']);
    expect(refusal(THREE, { now })).toMatch(/ca.key is a key of the type ed25519.*EC or RSA/);

    authority(KEYS['P-256'], '-addext', 'keyUsage=digitalSignature');
    expect(refusal(THREE, { now })).toMatch(
      /ca.crt is no certificate of an authority .*no keyCertSign in its keyUsage/,
    );

    authority(KEYS['P-256']);
    openssl(
      'ec',
      '-in',
      path('authority/ca.key'),
      '-aes128',
      '-passout',
      'pass:word',
      '-out',
      path('authority/ca.key'),
    );
    expect(refusal(THREE, { now })).toMatch(/ca.key is encrypted: store it without a passphrase/);
  });
});
