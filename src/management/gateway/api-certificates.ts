import type { LoadedSettings } from '../../config/loading/load-settings.ts';
import { type Problem, problemOf } from '../../config/problem.ts';
import type { Settings } from '../../config/settings.ts';
import type { Instant } from '../../lease/lease.ts';
import {
  type CertificateFault,
  FOR_API,
  faultsOf,
  readFiles,
} from '../../store/etcd/client/certificate-files.ts';

/** The files of the certificate that the API shows, and of its key. */
export interface ApiCertificate {
  readonly cert: string;
  readonly key: string;
}

/** Undefined: the API has no TLS. */
export function apiCertificate({ apiCert, apiKey }: Partial<Settings>): ApiCertificate | undefined {
  return apiCert === undefined || apiKey === undefined ? undefined : { cert: apiCert, key: apiKey };
}

/** What is wrong with these files now, by the setting that names each, its value and where that was set. */
export function apiCertificateProblems(
  { settings, origins }: { readonly settings: Partial<Settings> } & Pick<LoadedSettings, 'origins'>,
  now: Instant,
): readonly (Problem & Pick<CertificateFault, 'kind'>)[] {
  const files = apiCertificate(settings);
  if (files === undefined) return [];
  return faultsOf(files, readFiles(files), now, FOR_API).map(({ part, kind, message, remedy }) => {
    const key = part === 'key' ? 'apiKey' : 'apiCert';
    return { ...problemOf({ key, message, remedy }, origins[key]), kind };
  });
}
