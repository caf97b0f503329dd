import { createPrivateKey, generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { codeOf, GatewayError } from '../../errors.ts';
import type { Instant } from '../../lease/lease.ts';
import {
  type CertificateBytes,
  type CertificateFiles,
  type CertificatePart,
  faultsOf,
  readFiles,
} from '../../store/etcd/client/certificate-files.ts';
import { authorityCertificate, canSign, type Issuer, issuerOf, keyIdentifierOf, nameOf } from './x509.ts';

export const DAY = 86_400_000;
/** The clocks of the nodes may differ by this much. */
export const BEFOREHAND = DAY;
/** A node that is added years later still gets certificates of the usual time. */
const LEAST_DAYS = 7300;
const COMMON_NAME = 'vps-gateway etcd';
/** Only files that cannot be used are looked for here, so the time does not matter; plan-certificates.ts judges the dates. */
const NO_TIME = 0 as Instant;

/** An authority as its files have it. */
export interface Authority {
  readonly certificate: X509Certificate;
  /** What stands in ca.crt. */
  readonly pem: string;
  /** undefined: its key is kept somewhere else. */
  readonly issuer: Issuer | undefined;
}

/** A new authority, with its key as PEM. */
export interface NewAuthority extends Authority {
  readonly issuer: Issuer;
  readonly keyPem: string;
}

export interface NewKey {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
  readonly pem: string;
}

export function newKey(): NewKey {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { publicKey, privateKey, pem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
}

/** @param days How long the nodes' certificates count. The authority counts at least twice as long. */
export function newAuthority(now: number, days: number): NewAuthority {
  const { publicKey, privateKey, pem: keyPem } = newKey();
  const issuer = {
    name: nameOf(COMMON_NAME),
    keyIdentifier: keyIdentifierOf(publicKey),
    key: privateKey,
  };
  return { ...certified(issuer, now, days), issuer, keyPem };
}

/** The same name and key for a new time: certificates that it has signed stay good, under the old one and the new one. */
export function renewedAuthority(issuer: Issuer, now: number, days: number): Authority {
  return { ...certified(issuer, now, days), issuer };
}

function certified(issuer: Issuer, now: number, days: number): Pick<Authority, 'certificate' | 'pem'> {
  const end = now + Math.max(LEAST_DAYS, 2 * days) * DAY;
  const pem = authorityCertificate(issuer, { begin: now - BEFOREHAND, end });
  return { pem, certificate: new X509Certificate(pem) };
}

/**
 * The authority of a directory; undefined: there is none.
 *
 * @throws GatewayError refused if it cannot be used, output-failed if its files cannot be read.
 */
export function readAuthority(directory: string): Authority | undefined {
  const files = { cert: join(directory, 'ca.crt'), key: join(directory, 'ca.key') };
  const read = readThese(files);
  const { cert, key } = read;
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined) {
    const remedy = `put ca.crt back beside it, or move ${directory} away and make all certificates anew`;
    throw new GatewayError('refused', `${files.key} is there without its ca.crt: ${remedy}`);
  }
  const fault = faultsOf(files, key === undefined ? { ca: cert } : read, NO_TIME).find(
    ({ kind }) => kind === 'unusable',
  );
  if (fault !== undefined) {
    const file = fault.part === 'key' ? files.key : files.cert;
    throw new GatewayError('refused', `${file} ${fault.message}: ${fault.remedy}`);
  }
  return usable(cert, key, files);
}

/**
 * The content of the files that are there.
 *
 * @throws GatewayError 'output-failed' if one that is there cannot be read.
 */
export function readThese(files: CertificateFiles): CertificateBytes {
  const found: { [Part in CertificatePart]?: Buffer } = {};
  for (const [part, content] of Object.entries(readFiles(files)) as [CertificatePart, Buffer | Error][]) {
    if (!(content instanceof Error)) found[part] = content;
    else if (codeOf(content) !== 'ENOENT') {
      const why = 'code' in content ? codeOf(content) : content.message;
      const remedy = 'see that it is a file which you may read';
      throw new GatewayError('output-failed', `${files[part]} cannot be read (${why}): ${remedy}`, content);
    }
  }
  return found;
}

function usable(
  cert: Buffer,
  key: Buffer | undefined,
  files: { readonly cert: string; readonly key: string },
): Authority {
  const pem = cert.toString('latin1');
  const certificate = new X509Certificate(cert);
  const refuse = (file: string, what: string): never => {
    throw new GatewayError('refused', `${file} ${what}`);
  };
  if (pem.split('-----BEGIN CERTIFICATE').length > 2)
    refuse(files.cert, 'holds several certificates: leave the one that belongs to ca.key');
  if (!certificate.ca)
    refuse(
      files.cert,
      'is no certificate of an authority (no CA:TRUE in its basicConstraints, or no keyCertSign in its keyUsage): put there the one that signs the nodes',
    );
  if (key === undefined) return { certificate, pem, issuer: undefined };
  const privateKey = createPrivateKey(key);
  if (!canSign(privateKey))
    refuse(
      files.key,
      `is a key of the type ${privateKey.asymmetricKeyType}, which signs nothing here: use an authority with an EC or RSA key`,
    );
  return { certificate, pem, issuer: issuerOf(certificate, privateKey) };
}
