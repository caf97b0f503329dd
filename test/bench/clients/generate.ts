import { join } from 'node:path';
import { ORDINARY, Program } from '../machine/program.ts';
import { CLIENT_ADDRESS, CLIENT_DEVICE, SERVER_ADDRESS, type Segment } from '../machine/segment.ts';
import type { Workload, WorkloadResult } from './workload.ts';

/** The processors of server and clients. */
export const SERVER_PROCESSOR = 0;
export const CLIENT_PROCESSOR = 1;

/** Hardware addresses of a run of clients, never used before: sixteen million each. */
let runs = 0;
export function newClients(): number {
  runs += 1;
  return 0x02_0000_000000 + runs * 0x1000000;
}

/** The machine that the clients are in, its network card, and who they speak to. */
export interface Place {
  readonly namespace: string | number;
  /** Undefined: any, which it shares with the servers, so that no real-time priority may be in force. */
  readonly processor: number | undefined;
  readonly server: Workload['server'];
  readonly client: Workload['client'];
}

export type WorkloadOptions = Omit<Workload, 'server' | 'client' | 'settle' | 'hardware'> &
  Partial<Pick<Workload, 'settle' | 'hardware'>>;

/** Runs our generator in the clients' namespace. */
export function generate(segment: Segment, options: WorkloadOptions): Promise<WorkloadResult> {
  const place: Place = {
    namespace: segment.clients,
    processor: CLIENT_PROCESSOR,
    server: { address: SERVER_ADDRESS, hardware: segment.serverHardware() },
    client: { address: CLIENT_ADDRESS, device: CLIENT_DEVICE },
  };
  return generateAt(place, options);
}

export async function generateAt(place: Place, options: WorkloadOptions): Promise<WorkloadResult> {
  const { namespace, processor, server, client } = place;
  const work: Workload = {
    settle: 0.3,
    hardware: newClients(),
    ...options,
    server,
    client,
  };
  const script = join(import.meta.dirname, 'generator.js');
  const program = new Program([process.execPath, script, JSON.stringify(work)], {
    namespace,
    ...(processor === undefined ? { under: ORDINARY } : { processor }),
  });
  await program.ended();
  if (program.status !== 0) throw new Error(`the generator ended with ${program.status}: ${program.output}`);
  return JSON.parse(program.output) as WorkloadResult;
}
