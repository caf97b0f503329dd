import { copyFileSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findProgram } from '../../../src/diagnosis/find-program.ts';
import { instant } from '../../../src/lease/lease.ts';
import { makeCertificates } from '../../../src/sharing/certificates/make-certificates.ts';
import { nodesFromText } from '../../../src/sharing/node-list.ts';
import { CertificateFolder, NOW, THREE, whatOf } from '../../support/certificate-folder.ts';

const made = CertificateFolder.use();

describe('refused before anything is written, with what mends it', () => {
  test('another address of a node than its certificate has, beside every other problem', () => {
    made.make(THREE);
    rmSync(made.path('nodes/node3/node.key'));

    const said = made.refusal('node1=192.0.2.21,node3=192.0.2.13,node4=192.0.2.14');

    expect(said).toMatch(
      /node1\/node.crt is for .*192.0.2.11.*, not for 192.0.2.21: .*--nodes node1=192.0.2.21 --renew/,
    );
    expect(said).toMatch(/node3\/node.key is missing: .*--nodes node3=192.0.2.13 --renew/);
  });

  test('a key and a certificate that do not belong together', () => {
    made.make(THREE);
    copyFileSync(made.path('nodes/node1/node.key'), made.path('nodes/node2/node.key'));

    expect(made.refusal('node2=192.0.2.12')).toMatch(
      /node2\/node.key does not belong to the certificate.*--renew/,
    );
  });

  test('files that are cut', () => {
    made.make(THREE);
    writeFileSync(made.path('nodes/node1/node.crt'), made.text('nodes/node1/node.crt').slice(0, 200));
    writeFileSync(made.path('authority/ca.key'), '');

    expect(made.refusal('node2=192.0.2.12')).toMatch(/authority\/ca.key holds no private key/);
    copyFileSync(made.path('nodes/node1/node.key'), made.path('authority/ca.key'));
    expect(made.refusal('node2=192.0.2.12')).toMatch(/authority\/ca.key does not belong to the certificate/);
  });

  test('certificates of another authority', () => {
    made.make(THREE);
    renameSync(made.out, join(made.folder, 'other'));
    made.make(THREE);
    rmSync(made.path('authority'), { recursive: true });
    renameSync(join(made.folder, 'other/authority'), made.path('authority'));

    expect(made.refusal('node1=192.0.2.11')).toMatch(/node1\/node.crt is of another authority.*--renew/);
  });

  test('an authority that is gone, whole or half', () => {
    made.make(THREE);
    rmSync(made.path('authority/ca.crt'));
    expect(made.refusal(THREE)).toMatch(/ca.key is there without its ca.crt: put ca.crt back/);
    rmSync(made.path('authority'), { recursive: true });

    expect(made.refusal('node4=192.0.2.14')).toMatch(
      /authority is not there.*\(node1, node2, node3\): put it back/,
    );
  });

  test('a certificate of no authority, and several in one file', () => {
    made.make(THREE);
    const own = made.text('authority/ca.crt');
    writeFileSync(made.path('authority/ca.crt'), own + own);
    expect(made.refusal('node4=192.0.2.14')).toMatch(/ca.crt holds several certificates/);

    for (const [from, to] of [
      ['node.crt', 'ca.crt'],
      ['node.key', 'ca.key'],
    ])
      copyFileSync(made.path(`nodes/node1/${from}`), made.path(`authority/${to}`));
    expect(made.refusal('node4=192.0.2.14')).toMatch(/ca.crt is no certificate of an authority/);
  });

  test('an authority that is renewed without all of its nodes, which are directories', () => {
    made.make(THREE);
    writeFileSync(made.path('nodes/README'), 'of us');

    expect(made.refusal('node1=192.0.2.11', { renewAuthority: true })).toMatch(
      /has node2, node3, which --nodes has not/,
    );
    rmSync(made.path('nodes'), { recursive: true });
    rmSync(made.path('authority'), { recursive: true });
    expect(made.refusal('node1=192.0.2.11', { renewAuthority: true })).toMatch(/leave --renew-authority out/);
  });

  test('a name that differs from one that is there in case alone', () => {
    made.make(THREE);

    expect(made.refusal('NODE1=192.0.2.11')).toMatch(/'NODE1'.*'node1' already/);
  });
});

test('a directory that cannot be written or read is named, with the reason', () => {
  writeFileSync(join(made.folder, 'file'), '');
  const at = (directory: string) => () =>
    makeCertificates({
      ...{ directory, nodes: nodesFromText(THREE), days: 1, renew: false, renewAuthority: false, now: NOW },
    });

  expect(at(join(made.folder, 'file'))).toThrow(/file\/authority\/ca.crt cannot be read \(ENOTDIR\)/);
  expect(at('/proc/nothing')).toThrow(
    '/proc/nothing/authority cannot be written (ENOENT): name a directory with --out',
  );
  mkdirSync(join(made.folder, 'odd/authority/ca.key'), { recursive: true });
  expect(at(join(made.folder, 'odd'))).toThrow(/ca.key cannot be read \(it is no regular file\)/);
});

describe.skipIf(findProgram('openssl') === undefined)('an authority that openssl has made', () => {
  const KEYS = {
    'P-256': ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'],
    'P-384': ['ec', '-pkeyopt', 'ec_paramgen_curve:P-384'],
    RSA: ['rsa:2048'],
  };

  function authority(newKey: readonly string[], ...more: readonly string[]): void {
    mkdirSync(made.path('authority'), { recursive: true });
    const [key, cert] = [made.path('authority/ca.key'), made.path('authority/ca.crt')];
    made.openssl(
      ...['req', '-x509', '-newkey', ...newKey, '-nodes', '-days', '9000', '-subj', '/O=Us/CN=Its own'],
      ...['-keyout', key, '-out', cert, ...more],
    );
  }

  test.each(Object.entries(KEYS))(
    'with a key of %s signs the nodes, and is renewed under its name',
    (_name, key) => {
      authority(key);
      const now = instant(Date.now());

      expect(whatOf(made.make(THREE, { now }))).toEqual(['kept', 'made', 'made', 'made']);
      expect(whatOf(made.make(THREE, { now, renewAuthority: true, renew: true }))).toEqual([
        ...['renewed', 'renewed', 'renewed', 'renewed'],
      ]);

      const verify = [
        'verify',
        '-x509_strict',
        '-CAfile',
        made.path('authority/ca.crt'),
        made.path('nodes/node1/node.crt'),
      ];
      expect(made.openssl(...verify)).toContain(': OK');
      expect(made.certificate('authority/ca.crt').subject).toBe('O=Us\nCN=Its own');
    },
  );

  test('with a key that signs nothing here, with a passphrase, or without leave to sign is refused', () => {
    const now = instant(Date.now());
    authority(['ed25519']);
    expect(made.refusal(THREE, { now })).toMatch(/ca.key is a key of the type ed25519.*EC or RSA/);

    authority(KEYS['P-256'], '-addext', 'keyUsage=digitalSignature');
    expect(made.refusal(THREE, { now })).toMatch(
      /ca.crt is no certificate of an authority .*no keyCertSign in its keyUsage/,
    );

    authority(KEYS['P-256']);
    made.openssl(
      'ec',
      '-in',
      made.path('authority/ca.key'),
      '-aes128',
      '-passout',
      'pass:word',
      '-out',
      made.path('authority/ca.key'),
    );
    expect(made.refusal(THREE, { now })).toMatch(/ca.key is encrypted: store it without a passphrase/);
  });
});
