import type { SegmentFacts } from '../../diagnosis/doctor/segment-lines.ts';
import type { Status } from '../../reporting/status.ts';
import { rulesThatAreSet } from '../rules-that-are-set.ts';

/** The other gateways that the running one knows, and why they need not answer a DHCPDISCOVER. */
export function gatewaysKnownTo({
  otherGateways,
  clusterPeers,
  settings,
  verdict,
}: Status): Pick<SegmentFacts, 'known' | 'silentBy'> {
  const sharing = clusterPeers.map((address) => ({ address, state: 'there' }));
  const rules = rulesThatAreSet(settings);
  return {
    // Another one may be a machine that only answers ARP.
    known: [...otherGateways.filter(({ isGateway }) => isGateway), ...sharing],
    silentBy:
      rules.length > 0
        ? `${rules.join(' and ')} says who gets an answer`
        : verdict === 'pool-full'
          ? 'the pool is full'
          : undefined,
  };
}
