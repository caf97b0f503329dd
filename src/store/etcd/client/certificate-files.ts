import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync, type Stats, statSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { type Instant, instant } from '../../../lease/lease.ts';

/** ca: the authority that signed etcd's certificates. cert and key: this gateway's own certificate, and its key. */
export type CertificatePart = 'ca' | 'cert' | 'key';
export const CERTIFICATE_PARTS: readonly CertificatePart[] = ['ca', 'cert', 'key'];

/** Who shows the certificate to whom, and in whose words faults are told. */
export interface CertificateUse {
  /** What it must be for. */
  readonly purpose: 'client' | 'server';
  /** The settings that name the files. */
  readonly variables: Readonly<Record<CertificatePart, string>>;
  /** What the log says. */
  readonly words: { readonly adopted: string; readonly faulty: string; readonly sound: string };
}

export const FOR_ETCD: CertificateUse = {
  purpose: 'client',
  variables: { ca: 'GATEWAY_ETCD_CA', cert: 'GATEWAY_ETCD_CERT', key: 'GATEWAY_ETCD_KEY' },
  words: {
    adopted: 'a new certificate is used for the next connection to etcd',
    faulty: 'see to the certificates for etcd',
    sound: 'the certificates for etcd are in order',
  },
};

export const FOR_API: CertificateUse = {
  purpose: 'server',
  variables: { ca: '', cert: 'GATEWAY_API_CERT', key: 'GATEWAY_API_KEY' }, // It asks no client for a certificate.
  words: {
    adopted: 'a new certificate is used for the next connection to the API',
    faulty: 'see to the certificate of the API',
    sound: 'the certificate of the API is in order',
  },
};

/** The paths that are set. */
export type CertificateFiles = { readonly [Part in CertificatePart]?: string };
/** The files' content, PEM. */
export type CertificateBytes = { readonly [Part in CertificatePart]?: Buffer };
export type ReadFiles = { readonly [Part in CertificatePart]?: Buffer | Error };

/**
 * unusable: TLS does not work with it. untimely: its time has ended, or has not begun. ending: its time ends soon.
 * doubtful: some TLS programs refuse it.
 */
export type FaultKind = 'unusable' | 'untimely' | 'ending' | 'doubtful';

/** What is wrong with one file. */
export interface CertificateFault {
  readonly part: CertificatePart;
  readonly kind: FaultKind;
  readonly message: string;
  readonly remedy: string;
}

const DAY = 86_400_000;
/** Days before the end of a certificate from which it is reported. */
const WARN_DAYS: readonly number[] = [1, 7, 30];
/** RFC 5280 §4.2.1.12: id-kp-serverAuth, id-kp-clientAuth, each with its name; and anyExtendedKeyUsage. */
const PURPOSES = {
  server: { id: '1.3.6.1.5.5.7.3.1', name: 'serverAuth' },
  client: { id: '1.3.6.1.5.5.7.3.2', name: 'clientAuth' },
} as const;
const ANY_PURPOSE = '2.5.29.37.0';
/** The first byte of DER: a sequence. */
const DER = 0x30;
/** The most bytes of a file. The file with all authorities of a system has a quarter of it. */
const MOST_BYTES = 1 << 20;
/** A file with more authorities is a system's collection. Most of them sign nothing here, so their ends do not matter. */
const MOST_AUTHORITIES = 4;

/** @throws Error where the path is no file to read whole: a device, a pipe, a disk image. */
export function refuseSpecial(found: Pick<Stats, 'isFile'>, bytes: number): void {
  if (!found.isFile()) throw new Error('it is no regular file');
  if (bytes > MOST_BYTES) throw new Error(`it is larger than ${MOST_BYTES >> 20} MiB`);
}

export function readFiles(files: CertificateFiles): ReadFiles {
  const read: { [Part in CertificatePart]?: Buffer | Error } = {};
  for (const part of CERTIFICATE_PARTS) {
    const file = files[part];
    if (file === undefined) continue;
    try {
      const found = statSync(file);
      refuseSpecial(found, found.size);
      read[part] = readFileSync(file);
    } catch (error) {
      read[part] = error instanceof Error ? error : new Error(String(error));
    }
  }
  return read;
}

/** All faults of the files as they were read. */
export function faultsOf(
  files: CertificateFiles,
  read: ReadFiles,
  now: Instant,
  { purpose }: Pick<CertificateUse, 'purpose'> = FOR_ETCD,
): readonly CertificateFault[] {
  return [...faultsOfCa(read.ca, now), ...faultsOfPair(files, read, now, purpose)];
}

/** When what a file holds ends: its own certificate, or the first of its authorities. Undefined: that says nothing here. */
export function certificateEndOf(part: 'ca' | 'cert', pem: Buffer): Instant | undefined {
  const [own, ...others] = certificatesIn(pem) ?? [];
  if (own === undefined) return undefined;
  const all = part === 'cert' ? [own] : newestOfEach([own, ...others]);
  if (all.length > MOST_AUTHORITIES) return undefined;
  return instant(Math.min(...all.map(({ validTo }) => Date.parse(validTo))));
}

function faultsOfCa(ca: Buffer | Error | undefined, now: Instant): readonly CertificateFault[] {
  if (ca === undefined) return [];
  const certificates = ca instanceof Error ? unreadable('ca', ca) : certificatesOf('ca', ca);
  if ('kind' in certificates) return [certificates];
  const authorities = newestOfEach(certificates);
  const faults = authorities.flatMap((one) => datesOf('ca', one, now, nameOf(one)));
  const untimely = faults.filter(({ kind }) => kind === 'untimely');
  if (untimely.length === authorities.length) return faults;
  // An authority that has ended may stay in the file beside the one that follows it.
  return authorities.length > MOST_AUTHORITIES ? [] : faults.filter(({ kind }) => kind !== 'untimely');
}

function faultsOfPair(
  files: CertificateFiles,
  read: ReadFiles,
  now: Instant,
  purpose: CertificateUse['purpose'],
): readonly CertificateFault[] {
  const { cert, key } = read;
  if (cert === undefined || key === undefined) return [];
  const certificates = cert instanceof Error ? unreadable('cert', cert) : certificatesOf('cert', cert);
  const privateKey = key instanceof Error ? unreadable('key', key) : keyOf(key);
  const broken = [certificates, privateKey].filter((each) => 'kind' in each);
  if (broken.length > 0) return broken;
  const [own, ...between] = certificates as readonly X509Certificate[];
  if (own === undefined || cert instanceof Error || key instanceof Error) return [];
  if (!own.checkPrivateKey(privateKey as KeyObject)) {
    const message = `does not belong to the certificate in ${files.cert}`;
    return [{ part: 'key', kind: 'unusable', message, remedy: 'put a certificate and its own key there' }];
  }
  return [
    ...refusedByTls(cert, key),
    ...purposeOf(own, purpose),
    ...datesOf('cert', own, now),
    ...datesBetween(between, now),
  ];
}

/** Faults of intermediate authorities. A peer that knows another chain needs none of them. */
function datesBetween(between: readonly X509Certificate[], now: Instant): readonly CertificateFault[] {
  return newestOfEach(between)
    .flatMap((one) => datesOf('cert', one, now, nameOf(one)))
    .map((fault) => (fault.kind === 'untimely' ? { ...fault, kind: 'doubtful' } : fault));
}

function certificatesOf(part: 'ca' | 'cert', pem: Buffer): readonly X509Certificate[] | CertificateFault {
  const certificates = certificatesIn(pem);
  if (certificates !== undefined && certificates.length > 0) return certificates;
  const unusable = (message: string, remedy: string) =>
    ({ part, kind: 'unusable', message, remedy }) as const;
  if (certificates === undefined && pem.includes('-----END CERTIFICATE-----'))
    return unusable('holds a certificate that is cut or damaged', 'put the whole PEM file there');
  if (pem[0] === DER)
    return unusable('is DER, not PEM', 'convert it: openssl x509 -inform der -in <file> -out <file>.pem');
  if (pem.includes('PRIVATE KEY-----'))
    return unusable('holds a private key and no certificate', 'set the file of the certificate');
  return unusable('holds no certificate that can be read', 'put a PEM file there (BEGIN CERTIFICATE)');
}

function keyOf(pem: Buffer): KeyObject | CertificateFault {
  const unusable = (message: string, remedy: string) =>
    ({ part: 'key', kind: 'unusable', message, remedy }) as const;
  try {
    return createPrivateKey(pem);
  } catch {
    if (pem[0] === DER)
      return unusable('is DER, not PEM', 'convert it: openssl pkey -inform der -in <file> -out <file>.pem');
    if (pem.includes('ENCRYPTED'))
      return unusable(
        'is encrypted',
        'store it without a passphrase: openssl pkey -in <file> -out <file>.plain',
      );
    if (pem.includes('BEGIN CERTIFICATE-----') && !pem.includes('PRIVATE KEY-----'))
      return unusable('holds a certificate and no private key', 'set the file of the private key');
    return unusable('holds no private key that can be read', 'put a PEM file there (BEGIN PRIVATE KEY)');
  }
}

/** Parsed files, by their content: to parse a large one takes milliseconds. */
const parsed = new WeakMap<Buffer, readonly X509Certificate[]>();

/** undefined: a certificate is damaged, or the file is cut short. */
function certificatesIn(pem: Buffer): readonly X509Certificate[] | undefined {
  const known = parsed.get(pem);
  if (known !== undefined) return known;
  const text = pem.toString('latin1');
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length !== text.split('-----BEGIN CERTIFICATE').length - 1) return undefined;
  try {
    const certificates = blocks.map((block) => new X509Certificate(block));
    parsed.set(pem, certificates);
    return certificates;
  } catch {
    return undefined;
  }
}

function unreadable(part: CertificatePart, error: Error): CertificateFault {
  const remedy = `set a PEM file that the gateway's user (uid ${process.getuid?.() ?? '?'}) may read`;
  return { part, kind: 'unusable', message: `cannot be read: ${error.message}`, remedy };
}

/** Other reasons for TLS to refuse them: a key that is too short, a digest that is too weak. */
function refusedByTls(cert: Buffer, key: Buffer): readonly CertificateFault[] {
  try {
    createSecureContext({ cert, key });
    return [];
  } catch (error) {
    const said = error instanceof Error && 'reason' in error ? String(error.reason) : String(error);
    const remedy = 'make a new one: openssl req -newkey rsa:3072 or ec';
    return [{ part: 'cert', kind: 'unusable', message: `is refused by TLS (${said})`, remedy }];
  }
}

function purposeOf(own: X509Certificate, purpose: CertificateUse['purpose']): readonly CertificateFault[] {
  const { id, name } = PURPOSES[purpose];
  const purposes: readonly string[] | undefined = own.keyUsage;
  if (purposes === undefined || purposes.includes(id) || purposes.includes(ANY_PURPOSE)) return [];
  const message = `is not for ${purpose}s (its extendedKeyUsage has no ${name})`;
  return [{ part: 'cert', kind: 'doubtful', message, remedy: `have it signed with ${name} as well` }];
}

function datesOf(
  part: 'ca' | 'cert',
  certificate: X509Certificate,
  now: Instant,
  name = '',
): readonly CertificateFault[] {
  const [begin, end] = [Date.parse(certificate.validFrom), Date.parse(certificate.validTo)];
  const day = (instant: number) => `${new Date(instant).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  const remedy = 'put a new one into the file: it is read at once, without a restart';
  if (now < begin) {
    const clock = `now it is ${day(now)} here: see that this node's clock is right`;
    return [{ part, kind: 'untimely', message: `begins on ${day(begin)}${name}`, remedy: clock }];
  }
  if (now >= end) return [{ part, kind: 'untimely', message: `has ended on ${day(end)}${name}`, remedy }];
  const days = WARN_DAYS.find((each) => end - now < each * DAY);
  if (days === undefined) return [];
  const soon = days === 1 ? 'a day' : `${days} days`;
  return [{ part, kind: 'ending', message: `ends on ${day(end)}, in less than ${soon}${name}`, remedy }];
}

function nameOf({ subject }: X509Certificate): string {
  return ` (${subject.replaceAll('\n', ', ')})`;
}

/** For each name the authority that ends last: a file may hold an old one beside its successor. */
function newestOfEach(certificates: readonly X509Certificate[]): readonly X509Certificate[] {
  const newest = new Map<string, X509Certificate>();
  for (const one of certificates) {
    const other = newest.get(one.subject);
    if (other === undefined || Date.parse(other.validTo) < Date.parse(one.validTo))
      newest.set(one.subject, one);
  }
  return [...newest.values()];
}
