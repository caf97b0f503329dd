import type { PeerCertificate } from 'node:tls';
import { FOR_ETCD } from './certificate-files.ts';
import type { Certificates } from './certificates.ts';
import { ClosedError } from './connection.ts';

/** Why the member's certificate is refused here (X509_verify_cert_error_string(3)). */
const UNKNOWN_AUTHORITY: readonly string[] = [
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'INVALID_CA',
];

/** TLS alerts by which a member refuses this gateway's certificate, or asks for one. */
const OF_A_CERTIFICATE = /CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED|HANDSHAKE_FAILURE/;

/** The likely cause of a failed connection in words, with the remedy where one is known. */
export function causeOf(error: unknown, host: string, tls: Certificates | undefined): string {
  const said = error instanceof Error ? error.message : String(error);
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (tls === undefined) {
    const isOther = code.startsWith('ERR_HTTP2') || error instanceof ClosedError;
    return isOther ? `no etcd without TLS answers there (${said}): write https:// if it speaks TLS` : said;
  }
  return judgedHere(code, error, host, tls) ?? judgedThere(code, error, tls) ?? said;
}

/** Why this gateway refused the member. */
function judgedHere(code: string, error: unknown, host: string, tls: Certificates): string | undefined {
  if (UNKNOWN_AUTHORITY.includes(code)) {
    const { ca } = tls.files;
    const where = ca === undefined ? 'none of those that this system trusts' : `none of those in '${ca}'`;
    return `etcd's certificate is signed by an unknown authority (${where}; ${code}): set ${FOR_ETCD.variables.ca} to the one that signed it`;
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    const names = (error as { cert?: PeerCertificate }).cert?.subjectaltname ?? 'nothing';
    return `etcd's certificate is not for ${host}, but for ${names}: use one of its names in GATEWAY_ETCD_ENDPOINTS, or give it this one (subjectAltName)`;
  }
  if (code === 'CERT_HAS_EXPIRED')
    return "etcd's certificate, or the authority that signed it, has ended: renew it on that member";
  if (code === 'CERT_NOT_YET_VALID')
    return "etcd's certificate has not begun: see that this node's clock is right";
  const isClosed = error instanceof ClosedError || code === 'ECONNRESET';
  const isBeforeTls = isClosed && !(error instanceof ClosedError && error.stage === 'before-http2');
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || isBeforeTls)
    return 'it does not speak TLS: write http:// in GATEWAY_ETCD_ENDPOINTS and leave the certificates out, or set up TLS in etcd';
  return undefined;
}

/** Why the member refused this gateway: it sends an alert (RFC 8446 §6.2), or only closes. */
function judgedThere(code: string, error: unknown, tls: Certificates): string | undefined {
  if (code.startsWith('ERR_HTTP2'))
    return `it speaks TLS, but not etcd's HTTP/2 (${code}): is the port right?`;
  const isAlert = code.includes('_ALERT_');
  if (!isAlert && !(error instanceof ClosedError) && code !== 'EPIPE') return undefined;
  if (isAlert && !OF_A_CERTIFICATE.test(code)) return `etcd refuses the handshake (${code})`;
  const shown = isAlert ? code : 'it closed the connection';
  const { cert } = tls.files;
  if (cert === undefined) {
    const remedy = `set ${FOR_ETCD.variables.cert} and ${FOR_ETCD.variables.key}`;
    return `etcd wants a client certificate, and none is set: ${remedy} (${shown})`;
  }
  const untimely = tls.faults.find(({ part, kind }) => part === 'cert' && kind === 'untimely');
  if (untimely !== undefined)
    return `${FOR_ETCD.variables.cert} '${cert}' ${untimely.message}: ${untimely.remedy}`;
  const doubtful = tls.faults.find(({ kind }) => kind === 'doubtful');
  const cause = doubtful === undefined ? '' : `; it ${doubtful.message}`;
  return `etcd does not take the certificate in ${FOR_ETCD.variables.cert} '${cert}' (${shown})${cause}: see that the authority in etcd's --trusted-ca-file signed it`;
}
