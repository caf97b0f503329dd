import { builtProgram, gatewayEnvironment } from './gateway-process.ts';
import { type Ran, run } from './run.ts';
import type { TestSegment } from './system.ts';

/** The commands of operators, run on the node of a segment. */
export function commandsOn(segment: () => TestSegment) {
  return {
    /** A gateway whose API answers on its socket; its leases directory. */
    managed: async (): Promise<string> => {
      const gateway = await segment().gateway({ GATEWAY_METRICS_PORT: 'off' });
      await gateway.untilManaged();
      return gateway.directory;
    },
    /** A command about the gateway of a leases directory, to its end. */
    program: (directory: string, ...words: readonly string[]): Promise<Ran> =>
      run(
        segment().node,
        [process.execPath, builtProgram(), ...words, '--leases-dir', directory],
        gatewayEnvironment(directory),
      ),
  };
}
