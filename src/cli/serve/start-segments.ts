import type { SegmentServer } from './segment-server.ts';

/**
 * Starts the servers. Of several, one that does not start is tried again, and holds up none of the others: this resolves as
 * soon as one of them has started.
 *
 * @throws GatewayError if there is one server, and it does not start; if there are several, and none of them starts.
 */
export async function startSegments(
  segments: readonly Pick<SegmentServer, 'start' | 'startPatiently'>[],
  areSeveral: boolean,
): Promise<void> {
  if (!areSeveral) {
    await segments[0]?.start();
    return;
  }
  const failures: unknown[] = [];
  await new Promise<void>((resolve, reject) => {
    for (const segment of segments)
      void segment.startPatiently().then((failure) => {
        if (failure === undefined) resolve();
        else if (failures.push(failure) === segments.length) reject(failures[0]);
      });
  });
}
