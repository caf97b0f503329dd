import { setTimeout as delay } from 'node:timers/promises';
import type { Endpoint } from '../config/etcd-kinds.ts';
import type { LoadedSettings } from '../config/loading/load-settings.ts';
import { type Problem, problemOf, problemToText } from '../config/problem.ts';
import type { Settings } from '../config/settings.ts';
import { GatewayError } from '../errors.ts';
import { systemClock } from '../lease/system-clock.ts';
import type { Say } from '../log/say.ts';
import type {
  CertificateFault,
  CertificateFiles,
  CertificatePart,
} from '../store/etcd/client/certificate-files.ts';
import { Certificates } from '../store/etcd/client/certificates.ts';
import type { Etcd } from '../store/etcd/client/etcd.ts';

/** The settings that a connection to etcd needs. */
export type EtcdSettings = Pick<LoadedSettings, 'settings' | 'origins'>;

const KEY_OF = { ca: 'etcdCa', cert: 'etcdCert', key: 'etcdKey' } as const satisfies Record<
  CertificatePart,
  keyof Settings
>;
/** Files that do not fit are read again after: milliseconds. They may be replaced one after the other just now. */
const LOOK_AGAIN_AFTER = 1000;

/** The client of etcd, and the certificates of its connections; undefined: without TLS. */
export interface EtcdConnection {
  readonly etcd: Etcd;
  readonly certificates: Certificates | undefined;
}

/** A client that connects with its first call. @throws GatewayError bad-settings for certificates that cannot be used. */
export async function connectEtcd(shared: EtcdSettings): Promise<Etcd> {
  return (await openEtcd(shared, () => undefined)).etcd;
}

/** As `connect`; later faults and changes of the certificates are logged by `say`. */
export async function openEtcd(shared: EtcdSettings, say: Say): Promise<EtcdConnection> {
  const { etcdEndpoints, etcdUser: name, etcdPassword: password, etcdCa, etcdCert } = shared.settings;
  const files = certificateFiles(shared.settings);
  const isSecure = hasTls(etcdEndpoints) || (etcdCa ?? etcdCert) !== undefined;
  const certificates = isSecure ? new Certificates(files, systemClock, say) : undefined;
  if (certificates !== undefined) await refuseUnusable(certificates, shared);
  const { GrpcEtcd } = await import('../store/etcd/client/grpc-etcd.ts'); // Loaded only where leases are shared.
  const etcd = new GrpcEtcd({
    endpoints: etcdEndpoints.map(({ target }) => target),
    clock: systemClock,
    ...(certificates === undefined ? {} : { tls: certificates }),
    ...(name === undefined || password === undefined ? {} : { user: { name, password } }),
  });
  return { etcd, certificates };
}

export function certificateFiles({ etcdCa, etcdCert, etcdKey }: Partial<Settings>): CertificateFiles {
  return {
    ...(etcdCa === undefined ? {} : { ca: etcdCa }),
    ...(etcdCert === undefined ? {} : { cert: etcdCert }),
    ...(etcdKey === undefined ? {} : { key: etcdKey }),
  };
}

/** A fault of a certificate, with its setting, the value and where that was set. */
export function etcdCertificateProblem(
  { part, message, remedy }: CertificateFault,
  { origins }: Pick<EtcdSettings, 'origins'>,
): Problem {
  const key = KEY_OF[part];
  return problemOf({ key, message, remedy }, origins[key]);
}

function hasTls(endpoints: readonly Endpoint[]): boolean {
  return endpoints.some(({ scheme }) => scheme === 'https');
}

/** Only unusable files are refused. For others the start goes on: the clock may be wrong, and new files are used at once. */
async function refuseUnusable(certificates: Certificates, settings: EtcdSettings): Promise<void> {
  await certificates.look();
  if (unusableOf(certificates).length === 0) return;
  await delay(LOOK_AGAIN_AFTER);
  await certificates.look();
  const problems = unusableOf(certificates).map((fault) =>
    problemToText(etcdCertificateProblem(fault, settings)),
  );
  if (problems.length === 0) return;
  throw new GatewayError('bad-settings', `no connection to etcd is possible: ${problems.join('; and ')}`);
}

function unusableOf({ faults }: Certificates): readonly CertificateFault[] {
  return faults.filter(({ kind }) => kind === 'unusable');
}
