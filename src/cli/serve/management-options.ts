import { poolRanges, rangeToText } from '../../config/pools.ts';
import type { Settings } from '../../config/settings.ts';
import { apiCertificate } from '../../management/gateway/api-certificates.ts';
import type { ManagedSegment, ManagementOptions, SubnetTexts } from '../../management/gateway/options.ts';
import type { ApiSecret } from '../../management/gateway/secrets.ts';
import type { HookOptions } from '../../management/hooks/hook-options.ts';
import { ipv4ToText } from '../../net/ipv4.ts';
import { maskOfLength, prefixOf, prefixToText } from '../../net/prefix.ts';
import { nodeOf } from '../../sharing/shared-settings.ts';
import { versionOfPackage } from '../version-of-package.ts';

/**
 * @param settings What counts for all segments.
 * @param startedAt Wall-clock milliseconds.
 */
export function managementOptions(
  settings: Settings,
  secrets: readonly ApiSecret[],
  hooks: HookOptions,
  startedAt: number,
  segments: readonly ManagedSegment[],
): ManagementOptions {
  const { leasesDir, metricsPort, apiSocket, apiListen, apiOpenReads, apiHosts } = settings;
  const { grpcPort, grpcListen } = settings;
  const node = nodeOf(settings);
  return {
    sockets: leasesDir,
    hasSocket: apiSocket,
    port: metricsPort,
    listen: apiListen,
    tls: apiCertificate(settings),
    secrets,
    platform: grpcPort === 'off' ? undefined : { port: grpcPort, listen: grpcListen },
    openReads: apiOpenReads,
    hosts: [...apiHosts, node.toLowerCase()],
    node,
    version: versionOfPackage(),
    hooks,
    startedAt,
    segments,
  };
}

/** False: nothing needs the thread of API, metrics and hooks. */
export function wantsManagement(settings: Settings): boolean {
  const { metricsPort, apiSocket, grpcPort, hook, webhook } = settings;
  const isServed = metricsPort !== 'off' || apiSocket || grpcPort !== 'off';
  return isServed || hook !== undefined || webhook !== undefined;
}

export function managedSegment(
  settings: Settings,
  memory: Pick<ManagedSegment, 'counters' | 'events' | 'samples'>,
): ManagedSegment {
  const { leasesDir, segment, gateway, subnetMask } = settings;
  return {
    directory: leasesDir,
    segment: segment ?? prefixToText(prefixOf(gateway, subnetMask)),
    subnet: subnetTexts(settings),
    ...memory,
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
