import { chmodSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findProgram } from '../../../src/diagnosis/find-program.ts';
import { CertificateFolder, daysOn, NOW, THREE, whatOf } from '../../support/certificate-folder.ts';

const DAY = 86_400_000;
const made = CertificateFolder.use();

describe('the files', () => {
  test('are an authority, apart, and three for each node; a key is its owner’s alone, whatever the umask', () => {
    const mask = process.umask(0);
    made.make(THREE);
    process.umask(0o077);
    made.make('node4=192.0.2.14');
    process.umask(mask);

    const modes = Object.keys(made.contents()).map((name) => [
      name,
      (statSync(made.path(name)).mode & 0o777).toString(8),
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
      ['.', 'authority', 'nodes', 'nodes/node1'].map((name) => statSync(made.path(name)).mode & 0o777),
    ).toEqual([0o700, 0o700, 0o700, 0o700]);
  });

  test('in them the certificate is for client and server, by each name and address of the node', () => {
    made.make('node1=192.0.2.11,node_2=2001:DB8::12');

    const [first, second] = [
      made.certificate('nodes/node1/node.crt'),
      made.certificate('nodes/node_2/node.crt'),
    ];
    expect(first.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
    expect(first.subjectAltName).toBe(
      'IP Address:192.0.2.11, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1, DNS:node1, DNS:localhost',
    );
    expect(second.checkIP('2001:db8::12')).toBe('2001:db8::12');
    expect(second.subjectAltName).not.toContain('DNS:node_2');
    expect([first.ca, made.certificate('authority/ca.crt').ca]).toEqual([false, true]);
  });

  test('the nodes’ certificates last as long as is asked for, the authority’s 20 years, beyond 2049 too', () => {
    const report = made.make('node1=192.0.2.11', { days: 10_000 });

    const written = made.certificate('nodes/node1/node.crt');
    expect(Date.parse(written.validTo)).toBe(NOW + 10_000 * DAY);
    expect(Date.parse(written.validFrom)).toBe(NOW - DAY);
    expect(Date.parse(made.certificate('authority/ca.crt').validTo)).toBe(NOW + 20_000 * DAY);
    expect(report.nodes[0]?.endsAt).toBe(NOW + 10_000 * DAY);
    expect(new Date(report.authority.endsAt).getUTCFullYear()).toBe(2081);
  });

  test.skipIf(findProgram('openssl') === undefined)('pass the strict checks of openssl', () => {
    made.make(THREE, { days: 9000 });

    for (const purpose of ['sslserver', 'sslclient'])
      expect(
        made.openssl(
          ...['verify', '-x509_strict', '-purpose', purpose, '-verify_ip', '192.0.2.12'],
          ...[
            '-verify_hostname',
            'node2',
            '-CAfile',
            made.path('nodes/node2/ca.crt'),
            made.path('nodes/node2/node.crt'),
          ],
        ),
      ).toContain(': OK');
    expect(() =>
      made.openssl(
        'verify',
        '-verify_ip',
        '192.0.2.11',
        '-CAfile',
        made.path('authority/ca.crt'),
        made.path('nodes/node2/node.crt'),
      ),
    ).toThrow();
  });
});

describe('run again', () => {
  test('it keeps all that is there', () => {
    made.make(THREE);
    const before = made.contents();

    expect(whatOf(made.make(THREE, { now: daysOn(10), days: 20 }))).toEqual(['kept', 'kept', 'kept', 'kept']);
    expect(made.contents()).toEqual(before);
  });

  test('it makes a certificate of the same authority for a node more, named alone or beside the others', () => {
    made.make(THREE);
    const before = made.contents();

    expect(whatOf(made.make('node4=192.0.2.14'))).toEqual(['kept', 'made']);
    expect(whatOf(made.make(`${THREE},node5=192.0.2.15`))).toEqual(['kept', 'kept', 'kept', 'kept', 'made']);

    expect(made.contents()).toMatchObject(before);
    expect(made.certificate('nodes/node5/node.crt').checkIssued(made.certificate('authority/ca.crt'))).toBe(
      true,
    );
  });

  test('--renew makes new keys and certificates for the named nodes, and leaves the others and the authority', () => {
    made.make(THREE);
    const { 'nodes/node2/node.crt': cert, 'nodes/node2/node.key': key, ...others } = made.contents();

    expect(whatOf(made.make('node2=192.0.2.22', { renew: true, now: daysOn(100) }))).toEqual([
      'kept',
      'renewed',
    ]);

    expect(made.contents()).toMatchObject(others);
    expect([made.text('nodes/node2/node.crt'), made.text('nodes/node2/node.key')]).not.toContain(cert);
    expect(made.text('nodes/node2/node.key')).not.toBe(key);
    expect(made.certificate('nodes/node2/node.crt').checkIP('192.0.2.22')).toBe('192.0.2.22');
  });

  test('--renew-authority gives it more time; certificates of before are good under it, and new ones under the old', () => {
    made.make(THREE);
    const old = made.certificate('authority/ca.crt');
    const nodeBefore = made.text('nodes/node1/node.crt');

    const report = made.make(`${THREE},node4=192.0.2.14`, { renewAuthority: true, now: daysOn(3000) });

    const renewed = made.certificate('authority/ca.crt');
    expect(whatOf(report)).toEqual([
      'renewed',
      'authority-renewed',
      'authority-renewed',
      'authority-renewed',
      'made',
    ]);
    expect(Date.parse(renewed.validTo)).toBe(NOW + (3000 + 7300) * DAY);
    expect(made.text('nodes/node1/node.crt')).toBe(nodeBefore);
    expect([1, 2, 3, 4].map((number) => made.text(`nodes/node${number}/ca.crt`))).toEqual(
      new Array(4).fill(made.text('authority/ca.crt')),
    );
    for (const name of ['node1', 'node4'])
      for (const authority of [old, renewed])
        expect(made.certificate(`nodes/${name}/node.crt`).checkIssued(authority)).toBe(true);
  });

  test('it works without the key of the authority as long as nothing is signed, and says what it needs it for', () => {
    made.make(THREE);
    renameSync(made.path('authority/ca.key'), join(made.folder, 'ca.key'));

    expect(whatOf(made.make(THREE))).toEqual(['kept', 'kept', 'kept', 'kept']);
    expect(made.refusal('node4=192.0.2.14')).toMatch(
      /^refused: .*authority\/ca.key is not there.*bring it back/s,
    );
  });
});

describe('what ends', () => {
  test('a certificate that would outlive its authority ends with it, and a warning says so', () => {
    made.make('node1=192.0.2.11');

    const { nodes, warnings } = made.make('node2=192.0.2.12', { now: daysOn(7000) });

    expect(nodes[0]?.endsAt).toBe(NOW + 7300 * DAY);
    expect(warnings).toEqual([
      expect.stringMatching(/end on 2046-11-23, with the authority.*--renew-authority/),
    ]);
  });

  test('a kept certificate that ends within 30 days is a warning with the words that renew it', () => {
    made.make('node1=192.0.2.11', { days: 40 });

    expect(made.make('node1=192.0.2.11', { now: daysOn(9) }).warnings).toEqual([]);
    expect(made.make('node1=192.0.2.11', { now: daysOn(11) }).warnings).toEqual([
      'the certificate of node1 ends on 2027-01-07: renew it with --nodes node1=192.0.2.11 --renew',
    ]);
  });

  test('one that has ended is refused, and renewed where that is asked for', () => {
    made.make('node1=192.0.2.11', { days: 40 });

    expect(made.refusal('node1=192.0.2.11', { now: daysOn(41) })).toMatch(
      /node.crt has ended on .* --renew$/,
    );
    expect(whatOf(made.make('node1=192.0.2.11', { now: daysOn(41), renew: true }))).toEqual([
      'kept',
      'renewed',
    ]);
  });

  test('an authority that has ended is refused, and mended by what the refusal names', () => {
    made.make('node1=192.0.2.11');
    const now = daysOn(7301);

    expect(made.refusal('node2=192.0.2.12', { now })).toMatch(
      /ca.crt has ended on 2046-11-23: .*--renew-authority.*--renew/,
    );
    expect(made.refusal('node1=192.0.2.11', { now, renewAuthority: true })).toMatch(
      /node.crt has ended.*with --renew$/,
    );
    expect(whatOf(made.make('node1=192.0.2.11', { now, renewAuthority: true, renew: true }))).toEqual([
      'renewed',
      'renewed',
    ]);
  });

  test('a clock that runs before the authority is named', () => {
    made.make('node1=192.0.2.11');

    expect(made.refusal('node2=192.0.2.12', { now: daysOn(-3) })).toMatch(
      /begins on 2026-11-27, and now it is 2026-11-25/,
    );
  });
});

test('a key of the authority that others may use is a warning', () => {
  made.make('node1=192.0.2.11');
  chmodSync(made.path('authority/ca.key'), 0o640);

  expect(made.make('node1=192.0.2.11').warnings).toEqual([
    expect.stringContaining(`chmod 600 ${made.path('authority/ca.key')}`),
  ]);
});
