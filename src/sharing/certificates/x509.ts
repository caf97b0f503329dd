import {
  createHash,
  createPublicKey,
  type KeyObject,
  randomBytes,
  sign,
  type X509Certificate,
} from 'node:crypto';
import { isIPv6 } from 'node:net';
import {
  bitString,
  type Element,
  elementsIn,
  integer,
  nullElement,
  objectIdentifier,
  octetString,
  sequence,
  set,
  tagged,
  time,
  utf8String,
  yes,
} from './der.ts';

/**
 * X.509 certificates of version 3 (RFC 5280). Node.js reads certificates, but does not write them. They are written here and not
 * by the program openssl: that is missing in the container, its versions differ, and it leaves keys in files on its way.
 */

/** From when until when a certificate counts: milliseconds since 1970. */
export interface Validity {
  readonly begin: number;
  readonly end: number;
}

/** Who signs. Of an authority that other programs have made, name and key identifier are as they stand in its certificate. */
export interface Issuer {
  /** DER, of RFC 5280's type Name. */
  readonly name: Buffer;
  readonly keyIdentifier: Buffer;
  readonly key: KeyObject;
}

/** What a certificate is for, and in whose name. */
export interface NodeSubject {
  readonly name: string;
  readonly addresses: readonly string[];
  readonly dnsNames: readonly string[];
  readonly publicKey: KeyObject;
}

/** RFC 5280 §4.2 and appendix A. */
const SUBJECT_KEY_IDENTIFIER = '2.5.29.14';
const KEY_USAGE = '2.5.29.15';
const SUBJECT_ALT_NAME = '2.5.29.17';
const BASIC_CONSTRAINTS = '2.5.29.19';
const AUTHORITY_KEY_IDENTIFIER = '2.5.29.35';
const EXTENDED_KEY_USAGE = '2.5.29.37';
const COMMON_NAME = '2.5.4.3';
/** RFC 5280 §4.2.1.12. A member of etcd is both towards the other members, and a gateway shows its node's certificate. */
const SERVER_AND_CLIENT = ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'];
/** RFC 5280 §4.2.1.3: digitalSignature is bit 0; keyCertSign and cRLSign are bits 5 and 6. */
const SIGNS_HANDSHAKES = bitString(Buffer.of(0b10000000), 7);
const SIGNS_CERTIFICATES = bitString(Buffer.of(0b00000110), 1);
/** RFC 5280 §4.2.1.6: the choices of GeneralName. */
const DNS_NAME = 2;
const IP_ADDRESS = 7;
/** RFC 5280 §4.1.2.2: at most 20. */
const SERIAL_OCTETS = 16;

/** RFC 5758 §3.2 and RFC 4055 §5: with SHA-256. */
const ALGORITHMS: Readonly<Record<string, () => Buffer>> = {
  ec: () => sequence(objectIdentifier('1.2.840.10045.4.3.2')),
  rsa: () => sequence(objectIdentifier('1.2.840.113549.1.1.11'), nullElement()),
};

/** True if `x509` signs with such a key. */
export function canSign({ asymmetricKeyType }: KeyObject): boolean {
  return ALGORITHMS[asymmetricKeyType ?? ''] !== undefined;
}

/** The certificate of a node, PEM. */
export function nodeCertificate(subject: NodeSubject, issuer: Issuer, validity: Validity): string {
  const names = [
    ...subject.addresses.map((address) => tagged(IP_ADDRESS, addressOctets(address), 'octets')),
    ...subject.dnsNames.map((name) => tagged(DNS_NAME, Buffer.from(name), 'octets')),
  ];
  const extensions = [
    extension(BASIC_CONSTRAINTS, sequence(), 'critical'),
    extension(KEY_USAGE, SIGNS_HANDSHAKES, 'critical'),
    extension(EXTENDED_KEY_USAGE, sequence(...SERVER_AND_CLIENT.map(objectIdentifier))),
    extension(SUBJECT_ALT_NAME, sequence(...names)),
    extension(SUBJECT_KEY_IDENTIFIER, octetString(keyIdentifierOf(subject.publicKey))),
    extension(AUTHORITY_KEY_IDENTIFIER, sequence(tagged(0, issuer.keyIdentifier, 'octets'))),
  ];
  return signed({ name: nameOf(subject.name), publicKey: subject.publicKey, extensions }, issuer, validity);
}

/** The certificate of an authority, signed by itself, PEM. One with the same name and key replaces an older one. */
export function authorityCertificate(issuer: Issuer, validity: Validity): string {
  const extensions = [
    extension(BASIC_CONSTRAINTS, sequence(yes()), 'critical'),
    extension(KEY_USAGE, SIGNS_CERTIFICATES, 'critical'),
    extension(SUBJECT_KEY_IDENTIFIER, octetString(issuer.keyIdentifier)),
  ];
  return signed({ name: issuer.name, publicKey: createPublicKey(issuer.key), extensions }, issuer, validity);
}

/** A name with a common name and nothing else, DER (RFC 5280 §4.1.2.4). */
export function nameOf(commonName: string): Buffer {
  return sequence(set(sequence(objectIdentifier(COMMON_NAME), utf8String(commonName))));
}

/** RFC 5280 §4.2.1.2, method 1: SHA-1 of the public key's bits. */
export function keyIdentifierOf(publicKey: KeyObject): Buffer {
  const [, bits] = elementsIn(contentOf(publicKey.export({ type: 'spki', format: 'der' })));
  return createHash('sha1')
    .update(bits?.content.subarray(1) ?? '')
    .digest();
}

/**
 * What an authority's certificate says of itself, for the certificates that it signs.
 *
 * @throws RangeError for a certificate without a subject.
 */
export function issuerOf({ raw, publicKey }: X509Certificate, key: KeyObject): Issuer {
  const [toBeSigned] = elementsIn(contentOf(raw));
  const parts = elementsIn(toBeSigned?.content ?? Buffer.alloc(0)).filter(({ tag }) => tag !== VERSION);
  const [, , , , subject] = parts;
  if (subject === undefined) throw new RangeError('the certificate has no subject');
  const written = keyIdentifierIn(parts.find(({ tag }) => tag === EXTENSIONS));
  return { name: subject.whole, keyIdentifier: written ?? keyIdentifierOf(publicKey), key };
}

/** RFC 5280 §4.1: `[0]` is the version, `[3]` the extensions. */
const VERSION = 0xa0;
const EXTENSIONS = 0xa3;

function keyIdentifierIn(extensions: Element | undefined): Buffer | undefined {
  if (extensions === undefined) return undefined;
  const identifier = objectIdentifier(SUBJECT_KEY_IDENTIFIER);
  for (const { content } of elementsIn(contentOf(extensions.content))) {
    const parts = elementsIn(content);
    const value = parts.at(-1);
    if (value !== undefined && parts[0]?.whole.equals(identifier)) return contentOf(value.content);
  }
  return undefined;
}

function contentOf(der: Buffer): Buffer {
  const [first] = elementsIn(der);
  if (first === undefined) throw new RangeError('there is no element');
  return first.content;
}

interface Subject {
  readonly name: Buffer;
  readonly publicKey: KeyObject;
  readonly extensions: readonly Buffer[];
}

/** RFC 5280 §4.1. */
function signed({ name, publicKey, extensions }: Subject, issuer: Issuer, { begin, end }: Validity): string {
  const algorithm = ALGORITHMS[issuer.key.asymmetricKeyType ?? '']?.();
  if (algorithm === undefined) throw new TypeError('this key signs no certificates');
  const toBeSigned = sequence(
    tagged(0, integer(Buffer.of(2)), 'elements'), // Version 3.
    integer(serialNumber()),
    algorithm,
    issuer.name,
    sequence(time(begin), time(end)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(3, sequence(...extensions), 'elements'),
  );
  const certificate = sequence(
    toBeSigned,
    algorithm,
    bitString(sign('sha256', toBeSigned, { key: issuer.key, dsaEncoding: 'der' })),
  );
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

/** RFC 5280 §4.1.2.2: positive, and unique: its first octet is from 64 to 127, the others are random. */
function serialNumber(): Buffer {
  const octets = randomBytes(SERIAL_OCTETS);
  octets[0] = ((octets[0] ?? 0) & 0x3f) | 0x40;
  return octets;
}

function extension(identifier: string, value: Buffer, weight?: 'critical'): Buffer {
  return sequence(objectIdentifier(identifier), ...(weight === undefined ? [] : [yes()]), octetString(value));
}

/** RFC 5280 §4.2.1.6: four octets, or sixteen. */
function addressOctets(address: string): Buffer {
  if (!isIPv6(address)) return Buffer.from(address.split('.').map(Number));
  const [left = '', right] = address.split('::');
  const groups = (text = '') =>
    text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
  const [head, tail] = [groups(left), groups(right)];
  const words = [...head, ...new Array<number>(8 - head.length - tail.length).fill(0), ...tail];
  return Buffer.from(words.flatMap((word) => [word >>> 8, word & 0xff]));
}
