import { isLoopback } from './api-settings.ts';
import type { SettingFault } from './problem.ts';
import { SETTINGS, type Settings } from './settings.ts';

/** Contradictions between the settings of the management API. */
export function apiFaults({
  metricsPort,
  apiListen,
  apiSecret,
  apiSecretFile,
  apiCert,
  apiKey,
  grpcPort = 'off',
}: Partial<Settings>): readonly SettingFault[] {
  const faults: SettingFault[] = [];
  if (apiCert !== undefined && apiKey === undefined)
    faults.push({
      key: 'apiCert',
      message: 'has no private key',
      remedy: `set ${SETTINGS.apiKey.variable} too`,
    });
  if (apiKey !== undefined && apiCert === undefined)
    faults.push({
      key: 'apiKey',
      message: 'has no certificate',
      remedy: `set ${SETTINGS.apiCert.variable} too`,
    });
  const hasSecret = apiSecret !== undefined || apiSecretFile !== undefined;
  if (apiSecret !== undefined && apiSecretFile !== undefined) {
    const message = `is set beside ${SETTINGS.apiSecret.variable}`;
    faults.push({ key: 'apiSecretFile', message, remedy: 'leave one of the two out' });
  }
  if (grpcPort !== 'off' && !hasSecret) {
    const message = 'needs a secret, which the platform shows with each call, and none is set';
    const remedy = `set ${SETTINGS.apiSecret.variable} to the platform's VPS_GATEWAY_API_SECRET (or ${SETTINGS.apiSecretFile.variable}), or set it to off`;
    faults.push({ key: 'grpcPort', message, remedy });
  }
  if (metricsPort !== 'off' && grpcPort === metricsPort)
    faults.push({
      key: 'grpcPort',
      message: `is the port of ${SETTINGS.metricsPort.variable} too`,
      remedy: 'use 1537',
    });
  if (metricsPort === 'off' || apiListen === undefined || isLoopback(apiListen) || hasSecret) return faults;
  const message = 'other machines can reach that address, and no secret is set';
  const remedy = `set ${SETTINGS.apiSecretFile.variable} or ${SETTINGS.apiSecret.variable}, or leave it at 127.0.0.1`;
  return [...faults, { key: 'apiListen', message, remedy }];
}
