import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { instant } from '../../../../src/lease/lease.ts';
import {
  type CertificateFiles,
  faultsOf,
  readFiles,
} from '../../../../src/store/etcd/client/certificate-files.ts';
import { Certificates } from '../../../../src/store/etcd/client/certificates.ts';
import { certify, makeAuthority, sign } from '../../../support/certificates.ts';
import { FakeClock } from '../../../support/clock.ts';
import { missingOf } from '../../../support/system.ts';

const DAY = 86_400_000;
const folder = mkdtempSync(join(tmpdir(), 'certificates-'));
const file = (name: string) => join(folder, name);
/** A minute from now: what is made here has begun. */
const now = instant(Date.now() + 60_000);
const openssl = (...words: readonly string[]) =>
  execFileSync('openssl', words, { cwd: folder, stdio: 'ignore' });

const missing = missingOf(['openssl']);
const why = missing === undefined ? '' : ` [not here: ${missing}]`;
const describeHere = missing === undefined ? describe : describe.skip;

beforeAll(() => {
  if (missing !== undefined) return;
  certify(folder);
  makeAuthority(folder, 'ca40', 40);
  sign(folder, 'own40', { authority: 'ca40', end: now + 40 * DAY });
  sign(folder, 'other');
  sign(folder, 'server', { purpose: 'serverAuth' });
  sign(folder, 'both', { purpose: 'serverAuth,clientAuth' });
  openssl('x509', '-in', 'own.pem', '-outform', 'der', '-out', 'own.der');
  openssl('pkey', '-in', 'own.key', '-outform', 'der', '-out', 'key.der');
  openssl('pkey', '-in', 'own.key', '-aes256', '-passout', 'pass:x', '-out', 'locked.key');
  writeFileSync(file('half.pem'), readFileSync(file('own.pem')).subarray(0, 400));
  writeFileSync(file('empty'), '');
  execFileSync('mkfifo', [file('pipe')]);
  const many = [1, 2, 3, 4, 5].map((number) => {
    openssl(
      'req',
      '-x509',
      '-key',
      'ca.key',
      '-subj',
      `/CN=root ${number}`,
      '-days',
      String(10 * number),
      '-out',
      'root',
    );
    return readFileSync(file('root'));
  });
  writeFileSync(file('many.pem'), Buffer.concat(many));
  writeFileSync(file('text'), 'no certificate\n');
  writeFileSync(
    file('bundle.pem'),
    Buffer.concat([readFileSync(file('ca.pem')), readFileSync(file('ca40.pem'))]),
  );
  const bundle = readFileSync(file('bundle.pem'));
  writeFileSync(file('cut.pem'), bundle.subarray(0, bundle.length - 40));
  makeAuthority(folder, 'between5', 5);
  for (const between of ['ca40', 'between5'])
    writeFileSync(
      file(`chain-${between}.pem`),
      Buffer.concat([readFileSync(file('own40.pem')), readFileSync(file(`${between}.pem`))]),
    );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function filesOf(ca: string | undefined, cert?: string, key?: string): CertificateFiles {
  return {
    ...(ca === undefined ? {} : { ca: file(ca) }),
    ...(cert === undefined ? {} : { cert: file(cert) }),
    ...(key === undefined ? {} : { key: file(key) }),
  };
}

describeHere(`what is wrong with certificates is said, by its file${why}`, () => {
  test.each<[string, CertificateFiles, string, RegExp]>([
    [
      'a key of another certificate',
      filesOf('ca.pem', 'own.pem', 'other.key'),
      'key',
      /does not belong to the certificate in .*own\.pem/,
    ],
    [
      'a certificate that is not there',
      filesOf('ca.pem', 'none', 'own.key'),
      'cert',
      /cannot be read: ENOENT/,
    ],
    ['a folder for a file', filesOf('.'), 'ca', /cannot be read: it is no regular file/],
    ['a pipe', filesOf('ca.pem', 'own.pem', 'pipe'), 'key', /cannot be read: it is no regular file/],
    ['text for an authority', filesOf('text'), 'ca', /holds no certificate/],
    ['half a certificate', filesOf('ca.pem', 'half.pem', 'own.key'), 'cert', /holds no certificate/],
    ['a collection that is cut', filesOf('cut.pem'), 'ca', /holds a certificate that is cut or damaged/],
    ['an empty key', filesOf('ca.pem', 'own.pem', 'empty'), 'key', /holds no private key/],
    [
      'the two the wrong way round',
      filesOf('ca.pem', 'own.key', 'own.pem'),
      'cert',
      /holds a private key and no certificate/,
    ],
    [
      'a certificate for a key',
      filesOf('ca.pem', 'own.pem', 'own.pem'),
      'key',
      /holds a certificate and no private key/,
    ],
    ['DER for PEM', filesOf('ca.pem', 'own.der', 'own.key'), 'cert', /is DER, not PEM/],
    ['a key that is DER', filesOf('ca.pem', 'own.pem', 'key.der'), 'key', /is DER, not PEM/],
    ['an encrypted key', filesOf('ca.pem', 'own.pem', 'locked.key'), 'key', /is encrypted/],
  ])('%s', (_title, files, part, message) => {
    const faults = faultsOf(files, readFiles(files), now);

    expect(faults).toContainEqual({
      part,
      kind: 'unusable',
      message: expect.stringMatching(message),
      remedy: expect.stringMatching(/\w/),
    });
  });

  test('an authority between that ends before the certificate is warned of by its name, and is no reason to refuse', () => {
    const faultsAt = (chain: string, at: number) => {
      const files = filesOf('ca40.pem', chain, 'own40.key');
      return faultsOf(files, readFiles(files), instant(at));
    };

    expect(faultsAt('chain-ca40.pem', now)).toEqual([]);
    expect(faultsAt('chain-between5.pem', now)).toMatchObject([
      { part: 'cert', kind: 'ending', message: expect.stringMatching(/less than 7 days \(CN=between5\)/) },
    ]);
    expect(faultsAt('chain-between5.pem', now + 6 * DAY)).toMatchObject([
      { part: 'cert', kind: 'doubtful', message: expect.stringMatching(/has ended .* \(CN=between5\)/) },
    ]);
  });

  test('nothing, where nothing is wrong', () => {
    const files = filesOf('ca40.pem', 'own40.pem', 'own40.key');
    expect(faultsOf(files, readFiles(files), now)).toEqual([]);
    expect(faultsOf(filesOf('ca40.pem'), readFiles(filesOf('ca40.pem')), now)).toEqual([]);
  });

  test('RFC 5280 §4.2.1.12: a certificate that is for servers alone is doubtful', () => {
    const kinds = (name: string) => {
      const files = filesOf('ca40.pem', `${name}.pem`, `${name}.key`);
      return faultsOf(files, readFiles(files), instant(now - DAY / 2)).map(({ kind }) => kind);
    };

    expect(kinds('server')).toContain('doubtful');
    expect(kinds('both')).not.toContain('doubtful');
  });

  test.each([
    [31, []],
    [29, ['in less than 30 days']],
    [6, ['in less than 7 days']],
    [0.9, ['in less than a day']],
    [-0.1, ['has ended on']],
  ])('%d days before a certificate ends', (days, words) => {
    const files = filesOf(undefined, 'own40.pem', 'own40.key');

    const faults = faultsOf(files, readFiles(files), instant(now + (40 - days) * DAY));

    expect(faults.map(({ message }) => message)).toEqual(words.map((each) => expect.stringContaining(each)));
  });

  test('an authority ends too; beside one that lasts it may', () => {
    const messages = (name: string, days: number) =>
      faultsOf(filesOf(name), readFiles(filesOf(name)), instant(now + days * DAY)).map(
        ({ message }) => message,
      );

    expect(messages('ca.pem', 1.5)).toEqual([expect.stringMatching(/in less than a day \(CN=ca\)/)]);
    expect(messages('ca.pem', 3)).toEqual([expect.stringMatching(/has ended on .* \(CN=ca\)/)]);
    expect(messages('bundle.pem', 3)).toEqual([]);
    expect(messages('bundle.pem', 50)).toHaveLength(2);
    expect(messages('many.pem', 15)).toEqual([]);
    expect(messages('many.pem', 60)).toHaveLength(5);
  });

  test('a certificate that has not begun puts the clock in question', () => {
    const files = filesOf(undefined, 'own.pem', 'own.key');
    const [fault] = faultsOf(files, readFiles(files), instant(0));

    expect(fault).toMatchObject({ part: 'cert', kind: 'untimely', remedy: expect.stringContaining('clock') });
  });
});

describeHere(`certificates while the gateway runs${why}`, () => {
  let clock: FakeClock;
  let said: string[];
  let certificates: Certificates;
  beforeEach(async () => {
    for (const name of ['pem', 'key']) copyFileSync(file(`own40.${name}`), file(`mine.${name}`));
    clock = new FakeClock(now);
    said = [];
    const say = (level: string, fields: object, message: string) => {
      said.push(`${level}: ${message}: ${Object.values(fields).join()}`);
    };
    certificates = new Certificates(filesOf(undefined, 'mine.pem', 'mine.key'), clock, say);
    onTestFinished(() => certificates.close());
    await certificates.look();
    certificates.watch();
  });

  /** Time goes by, and the files are read. */
  async function pass(milliseconds: number): Promise<void> {
    await clock.pass(milliseconds);
    await certificates.look();
    await clock.pass(0);
  }

  test('that end are warned of once 30, 7 and 1 days ahead, and stand in the status', async () => {
    const heard: number[] = [];
    for (const days of [15, 1, 1, 16, 1, 5.5, 1]) {
      clock.stall(days * DAY);
      await pass(20_000);
      heard.push(said.length);
    }

    expect(heard).toEqual([1, 1, 1, 2, 2, 3, 4]);
    expect(said[0]).toMatch(
      /^warn: .*GATEWAY_ETCD_CERT '.*mine\.pem' ends on .* in less than 30 days,put a new one/,
    );
    expect(said[3]).toMatch(/has ended on/);
    expect(certificates.problems).toMatchObject([{ message: expect.stringContaining('has ended on') }]);
  });

  test('and are replaced are used, and said to be well again', async () => {
    clock.stall(20 * DAY);
    await pass(20_000);
    sign(folder, 'next', { authority: 'ca40', begin: now, end: now + 90 * DAY });
    for (const name of ['key', 'pem']) copyFileSync(file(`next.${name}`), file(`mine.${name}`));
    await pass(20_000);
    await pass(20_000);

    expect(certificates.current.cert).toEqual(readFileSync(file('next.pem')));
    expect(certificates.problems).toEqual([]);
    expect(said.map((line) => line.split(':')[0])).toEqual(['warn', 'info', 'info']);
  });

  test('and fit no longer are kept as they were; that is said when it lasts', async () => {
    const before = certificates.current;
    sign(folder, 'next', { authority: 'ca40', begin: now, end: now + 90 * DAY });
    copyFileSync(file('next.key'), file('mine.key'));
    await certificates.look();
    const atOnce = certificates.problems;
    await pass(20_000);

    expect(atOnce).toEqual([]);
    expect(certificates.current).toEqual(before);
    expect(said).toEqual([expect.stringMatching(/GATEWAY_ETCD_KEY .* does not belong to the certificate/)]);
  });

  test('and are gone are kept as they were', async () => {
    const before = certificates.current;
    rmSync(file('mine.pem'));
    await pass(20_000);
    await pass(20_000);

    expect(certificates.current).toEqual(before);
    expect(said).toEqual([expect.stringMatching(/GATEWAY_ETCD_CERT .* cannot be read: ENOENT/)]);
  });
});
