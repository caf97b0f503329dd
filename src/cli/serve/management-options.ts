import type { Settings } from '../../config/settings.ts';
import type { ManagementOptions } from '../../management/options.ts';
import type { ApiSecret } from '../../management/secrets.ts';
import { prefixOf, prefixToText } from '../../net/prefix.ts';
import { nodeOf } from '../../sharing/shared-settings.ts';
import { versionOfPackage } from '../version-of-package.ts';

/** @param startedAt Wall-clock milliseconds. */
export function managementOptions(
  settings: Settings,
  secrets: readonly ApiSecret[],
  counters: SharedArrayBuffer,
  startedAt: number,
): ManagementOptions {
  const { leasesDir, metricsPort, apiListen, apiOpenReads, apiHosts, gateway, subnetMask } = settings;
  const node = nodeOf(settings);
  return {
    directory: leasesDir,
    port: metricsPort,
    listen: apiListen,
    secrets,
    openReads: apiOpenReads,
    hosts: [...apiHosts, node.toLowerCase()],
    node,
    segment: settings.segment ?? prefixToText(prefixOf(gateway, subnetMask)),
    version: versionOfPackage(),
    startedAt,
    counters,
  };
}
