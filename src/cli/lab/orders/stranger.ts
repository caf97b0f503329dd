import { NamespaceHost } from '../namespace-host.ts';
import type { SegmentNode } from '../nodes/segment-node.ts';
import { DEVICE } from '../segment.ts';

/** A machine that is no guest of the lab, plugged in at a node. The caller closes it. */
export async function plugStranger(node: SegmentNode, port: string): Promise<NamespaceHost> {
  const host = await NamespaceHost.open(`stranger at ${port}`);
  node.plugIn(host, DEVICE, port);
  return host;
}
