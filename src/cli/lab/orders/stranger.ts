import { NamespaceHost } from '../namespace-host.ts';
import type { SegmentNode } from '../nodes/segment-node.ts';
import { DEVICE } from '../segment.ts';

/** Runs something on a machine that is plugged in at a node for as long as that takes. */
export async function plugStranger(node: SegmentNode, port: string): Promise<NamespaceHost> {
  const host = await NamespaceHost.open(`stranger at ${port}`);
  node.plugIn(host, DEVICE, port);
  return host;
}
