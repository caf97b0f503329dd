import { poolRanges, rangeToText } from '../../config/pools.ts';
import type { Settings } from '../../config/settings.ts';
import { apiCertificate } from '../../management/api-certificates.ts';
import type { ManagementOptions, SubnetTexts } from '../../management/options.ts';
import type { ApiSecret } from '../../management/secrets.ts';
import { ipv4ToText } from '../../net/ipv4.ts';
import { maskOfLength, prefixOf, prefixToText } from '../../net/prefix.ts';
import { nodeOf } from '../../sharing/shared-settings.ts';
import { versionOfPackage } from '../version-of-package.ts';

/** @param startedAt Wall-clock milliseconds. */
export function managementOptions(
  settings: Settings,
  secrets: readonly ApiSecret[],
  beside: Pick<ManagementOptions, 'counters' | 'events' | 'samples' | 'hooks'>,
  startedAt: number,
): ManagementOptions {
  const { leasesDir, metricsPort, apiListen, apiOpenReads, apiHosts, gateway, subnetMask } = settings;
  const { grpcPort, grpcListen } = settings;
  const node = nodeOf(settings);
  return {
    directory: leasesDir,
    port: metricsPort,
    listen: apiListen,
    tls: apiCertificate(settings),
    secrets,
    platform: grpcPort === 'off' ? undefined : { port: grpcPort, listen: grpcListen },
    openReads: apiOpenReads,
    hosts: [...apiHosts, node.toLowerCase()],
    node,
    segment: settings.segment ?? prefixToText(prefixOf(gateway, subnetMask)),
    subnet: subnetTexts(settings),
    version: versionOfPackage(),
    startedAt,
    ...beside,
  };
}

function subnetTexts(settings: Settings): SubnetTexts {
  const { gateway, subnetMask, poolStart, poolEnd, exclusions, dns, domain } = settings;
  return {
    prefix: prefixToText(prefixOf(gateway, subnetMask)),
    prefix_length: subnetMask,
    mask: ipv4ToText(maskOfLength(subnetMask)),
    router: ipv4ToText(gateway),
    pool_start: ipv4ToText(poolStart),
    pool_end: ipv4ToText(poolEnd),
    pools: poolRanges(settings).map(rangeToText),
    exclusions: exclusions.map(rangeToText),
    dns: dns.map(ipv4ToText),
    domain: domain === 'off' ? null : domain,
  };
}
