import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { join } from 'node:path';
import type { Instant } from '../../lease/lease.ts';
import { faultsOf } from '../../store/etcd/client/certificate-files.ts';
import type { NodeAddress } from '../node-list.ts';
import { type Authority, BEFOREHAND, DAY, newKey, readThese } from './authority.ts';
import type { FileTexts } from './key-directory.ts';
import { type Issuer, nodeCertificate } from './x509.ts';

/** RFC 1123 §2.1: a part of a host's name. */
const LABEL = /^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;
const SECOND = 1000;

/** What a node's directory holds. */
export type NodeFiles =
  | { readonly kind: 'missing' }
  | { readonly kind: 'good'; readonly endsAt: number }
  /** The authority was renewed, and its ca.crt has not come here yet. */
  | { readonly kind: 'old-authority'; readonly endsAt: number; readonly problem: string }
  /** They are not what the node needs. --renew mends it. */
  | { readonly kind: 'bad'; readonly problem: string };

export interface NewNodeFiles {
  readonly texts: FileTexts;
  /** Milliseconds since 1970. */
  readonly endsAt: number;
}

/** Judges the files of a node, as they are: by the authority, the node's address and the time. */
export function readNodeFiles(
  directory: string,
  node: NodeAddress,
  authority: Authority | undefined,
  now: Instant,
): NodeFiles {
  const files = {
    ca: join(directory, 'ca.crt'),
    cert: join(directory, 'node.crt'),
    key: join(directory, 'node.key'),
  };
  const read = readThese(files);
  const names = Object.keys(read);
  if (names.length === 0) return { kind: 'missing' };
  const bad = (problem: string) => ({ kind: 'bad', problem }) as const;
  const absent = (['ca', 'cert', 'key'] as const).find((part) => read[part] === undefined);
  if (absent !== undefined) return bad(`${files[absent]} is missing`);
  const fault = faultsOf(files, read, now).find(
    ({ part, kind }) => kind === 'unusable' || (kind === 'untimely' && part !== 'ca'),
  );
  if (fault !== undefined) return bad(`${files[fault.part]} ${fault.message}`);
  const certificate = new X509Certificate(read.cert ?? '');
  if (authority !== undefined && !isSignedBy(certificate, authority.certificate))
    return bad(`${files.cert} is of another authority`);
  if (certificate.checkIP(node.address) === undefined)
    return bad(`${files.cert} is for ${certificate.subjectAltName}, not for ${node.address}`);
  const endsAt = Date.parse(certificate.validTo);
  return authority === undefined || read.ca?.toString('latin1') === authority.pem
    ? { kind: 'good', endsAt }
    : { kind: 'old-authority', endsAt, problem: `${files.ca} is not the authority's present ca.crt` };
}

/** The three files that a node gets. The certificate ends with its authority at the latest. */
export function newNodeFiles(
  node: NodeAddress,
  authority: Authority & { readonly issuer: Issuer },
  now: Instant,
  days: number,
): NewNodeFiles {
  const { publicKey, pem } = newKey();
  const wanted = Math.floor((now + days * DAY) / SECOND) * SECOND;
  const endsAt = Math.min(wanted, Date.parse(authority.certificate.validTo));
  const certificate = nodeCertificate(
    {
      name: node.name,
      addresses: [node.address, '127.0.0.1', '::1'],
      dnsNames: [...(isHostName(node.name) ? [node.name] : []), 'localhost'],
      publicKey,
    },
    authority.issuer,
    { begin: now - BEFOREHAND, end: endsAt },
  );
  return { texts: { 'ca.crt': authority.pem, 'node.crt': certificate, 'node.key': pem }, endsAt };
}

/** Whether one has signed the other, and may do so (RFC 5280 §4.2.1.3). */
function isSignedBy(certificate: X509Certificate, authority: X509Certificate): boolean {
  return certificate.checkIssued(authority) && certificate.verify(authority.publicKey);
}

/** A node's name may have an underscore, or be a number; a host's name may not. */
function isHostName(name: string): boolean {
  return name.split('.').every((label) => LABEL.test(label)) && isIP(name) === 0 && name !== 'localhost';
}
