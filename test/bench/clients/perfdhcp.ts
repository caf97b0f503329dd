import { Program } from '../machine/program.ts';
import { CLIENT_ADDRESS, SERVER_ADDRESS, type Segment } from '../machine/segment.ts';
import { type Latency, latencyOf } from '../report/statistics.ts';
import { CLIENT_PROCESSOR, newClients } from './generate.ts';

/** It waits so long for the last replies: microseconds. */
const WAIT = 400_000;

export interface PerfdhcpResult {
  /** DISCOVERs sent, and exchanges completed by an ACK. */
  readonly begun: number;
  readonly completed: number;
  /** A second. */
  readonly rate: number;
  /** 0 to 1. */
  readonly loss: number;
  /** REQUEST to ACK. */
  readonly latency: Latency;
  /** Time it used on a processor. */
  readonly nanoseconds: number;
}

/**
 * Runs perfdhcp of Kea as one relay agent with ever new clients. Its own rate counts the time that it waits at the end,
 * so that is not used; its times of every packet give the percentiles.
 */
export async function perfdhcp(segment: Segment, rate: number, seconds: number): Promise<PerfdhcpResult> {
  const base = newClients()
    .toString(16)
    .padStart(12, '0')
    .replace(/..(?!$)/g, '$&:');
  const program = new Program(
    [
      ...['perfdhcp', '-4', '-g', 'single', '-x', 't', '-r', String(rate), '-p', String(seconds)],
      ...[
        '-R',
        '1000000',
        '-b',
        `mac=${base}`,
        '-W',
        String(WAIT),
        '-d',
        '1',
        '-l',
        CLIENT_ADDRESS,
        SERVER_ADDRESS,
      ],
    ],
    { namespace: segment.clients, processor: CLIENT_PROCESSOR },
  );
  await program.ended();
  return { ...readReport(program.output, seconds), nanoseconds: program.nanoseconds() };
}

function readReport(output: string, seconds: number): Omit<PerfdhcpResult, 'nanoseconds'> {
  const [, offers = '', acks = ''] = output.split(/\*\*\*Statistics for: /);
  const count = (text: string, name: string) =>
    Number(new RegExp(`^${name}: (\\d+)`, 'm').exec(text)?.[1] ?? Number.NaN);
  const begun = count(offers, 'sent packets');
  const completed = count(acks, 'received packets');
  if (Number.isNaN(begun + completed)) throw new Error(`perfdhcp says: ${output.slice(0, 2000)}`);
  const [, times = ''] = output.split('***Timestamps for packets: REQUEST-ACK***');
  const latencies = [...times.matchAll(/^sent \/ received: (\d+\.\d+) \/ (\d+\.\d+)$/gm)].map(
    ([, sent, received]) => (Number(received) - Number(sent)) * 1000,
  );
  return {
    begun,
    completed,
    rate: completed / seconds,
    loss: begun === 0 ? 1 : 1 - completed / begun,
    latency: latencyOf(Float64Array.from(latencies)),
  };
}
