import { setTimeout as delay } from 'node:timers/promises';
import type { Endpoint } from '../config/etcd-kinds.ts';
import type { LoadedSettings } from '../config/load-settings.ts';
import { type Problem, problemOf, problemToText } from '../config/problem.ts';
import type { Settings } from '../config/settings.ts';
import { GatewayError } from '../errors.ts';
import type { Say } from '../log/say.ts';
import { systemClock } from '../server/system-clock.ts';
import type {
  CertificateFault,
  CertificateFiles,
  CertificatePart,
} from '../store/etcd/client/certificate-files.ts';
import { Certificates } from '../store/etcd/client/certificates.ts';
import type { Etcd } from '../store/etcd/client/etcd.ts';

/** What of the settings a connection to etcd needs. */
export type EtcdSettings = Pick<LoadedSettings, 'settings' | 'origins'>;

const KEY_OF = { ca: 'etcdCa', cert: 'etcdCert', key: 'etcdKey' } as const satisfies Record<
  CertificatePart,
  keyof Settings
>;
/** Files that are being replaced one after the other are looked at again: milliseconds. */
const LOOK_AGAIN_AFTER = 1000;

/** Etcd, and the certificates with which it is spoken to; undefined: without TLS. */
export interface EtcdConnection {
  readonly etcd: Etcd;
  readonly certificates: Certificates | undefined;
}

/** Connects to etcd when it is asked first. Throws bad-settings for certificates that cannot be used. */
export async function connect(shared: EtcdSettings): Promise<Etcd> {
  return (await openEtcd(shared, () => undefined)).etcd;
}

/** As `connect`; `say` hears what becomes of the certificates. */
export async function openEtcd(shared: EtcdSettings, say: Say): Promise<EtcdConnection> {
  const { etcdEndpoints, etcdUser: name, etcdPassword: password, etcdCa, etcdCert } = shared.settings;
  const files = certificateFiles(shared.settings);
  const isSecure = hasTls(etcdEndpoints) || (etcdCa ?? etcdCert) !== undefined;
  const certificates = isSecure ? new Certificates(files, systemClock, say) : undefined;
  if (certificates !== undefined) await refuseUnusable(certificates, shared);
  const { GrpcEtcd } = await import('../store/etcd/client/grpc-etcd.ts'); // Whoever shares nothing need not wait for it.
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

/** The fault by its setting, its value and where that was set. */
export function certificateProblem(
  { part, message, remedy }: CertificateFault,
  { origins }: Pick<EtcdSettings, 'origins'>,
): Problem {
  const key = KEY_OF[part];
  return problemOf({ key, message, remedy }, origins[key]);
}

function hasTls(endpoints: readonly Endpoint[]): boolean {
  return endpoints.some(({ scheme }) => scheme === 'https');
}

/** What has ended, or not begun, is waited for: the clock may be wrong, and a new one is used as soon as it is there. */
async function refuseUnusable(certificates: Certificates, settings: EtcdSettings): Promise<void> {
  await certificates.look();
  if (unusableOf(certificates).length === 0) return;
  await delay(LOOK_AGAIN_AFTER);
  await certificates.look();
  const problems = unusableOf(certificates).map((fault) =>
    problemToText(certificateProblem(fault, settings)),
  );
  if (problems.length === 0) return;
  throw new GatewayError('bad-settings', `etcd cannot be spoken to: ${problems.join('; and ')}`);
}

function unusableOf({ faults }: Certificates): readonly CertificateFault[] {
  return faults.filter(({ kind }) => kind === 'unusable');
}
