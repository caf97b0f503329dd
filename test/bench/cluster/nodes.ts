import { join } from 'node:path';
import { Cluster } from '../../support/cluster.ts';
import { generateAt, type Place, type WorkloadOptions } from '../clients/generate.ts';
import { type Consumer, LoadMeter } from '../machine/load-meter.ts';
import { nanosecondsOf, ORDINARY, Program } from '../machine/program.ts';
import type { RawResult, RawWork } from './raw-work.ts';

/** Wide enough for all clients of all repeats: 524,288 addresses. */
const SETTINGS = {
  GATEWAY_DHCP_SUBNET_MASK: '10',
  GATEWAY_DHCP_GATEWAY: '10.15.3.1',
  GATEWAY_DHCP_POOL_START: '10.16.0.0',
  GATEWAY_DHCP_POOL_END: '10.23.255.255',
  // The probe's wait would hide all else.
  GATEWAY_DHCP_ARP_PROBE: 'off',
  LOG_LEVEL: 'warn',
  NODE_ENV: 'production',
};
const PREFIX_LENGTH = 10;

/** Processors that each kind of process used, of all its processes together; `others`: the rest of the machine. */
export interface Shares {
  readonly gateways: number;
  readonly etcd: number;
  readonly clients: number;
  readonly others: number;
}

export interface ExchangeRun extends Shares {
  readonly rate: number;
  /** REQUEST to ACK: milliseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
  readonly lost: number;
  readonly refused: number;
  /** All exchanges, those before measuring included. */
  readonly total: number;
  /** Microseconds of all gateways' threads for one exchange. */
  readonly cost: number;
}

export interface RawRun extends Shares {
  readonly rate: number;
  readonly p50: number;
  readonly p99: number;
  readonly conflicts: number;
}

/** Three members of etcd and up to three gateways on a wide pool, and what is measured of them. */
export class Nodes {
  readonly #cluster: Cluster;
  #gateways = 0;
  #loops = 0;

  private constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** All data in this folder; no gateway yet. */
  static async open(folder: string, nodeOptions: readonly string[] = []): Promise<Nodes> {
    const options = { settings: SETTINGS, prefixLength: PREFIX_LENGTH, folder, under: ORDINARY, nodeOptions };
    const cluster = await Cluster.open(options);
    try {
      // A bridge knows where a client is; of ours it hears one hardware address alone, and would send each reply to all.
      for (const index of cluster.nodes.keys())
        cluster.segment.router.ip(`link set port${index + 1} type bridge_slave flood off`);
      await cluster.begin();
      return new Nodes(cluster);
    } catch (error) {
      await cluster.close();
      throw error;
    }
  }

  close(): Promise<void> {
    return this.#cluster.close();
  }

  /** Ends or starts gateways until so many serve. */
  async serveWith(count: number): Promise<void> {
    for (; this.#gateways > count; this.#gateways -= 1)
      await this.#cluster.nodes[this.#gateways - 1]?.gateway?.end();
    for (; this.#gateways < count; this.#gateways += 1) await this.#cluster.start(this.#gateways);
    // Each has heard of the others, or of their end, by its watch.
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }

  /** New clients on the segment, who broadcast. */
  async exchanges(work: Omit<WorkloadOptions, 'kind' | 'from' | 'rests'>): Promise<ExchangeRun> {
    const { guests, nodes } = this.#cluster;
    const [first] = nodes;
    const place: Place = {
      namespace: guests.pid,
      processor: undefined,
      server: { address: first?.address ?? '', hardware: first?.hardware ?? '' },
      client: { address: '0.0.0.0', device: 'eth0' },
    };
    const { shares, result, seconds } = await this.#meter(async () => {
      const done = await generateAt(place, { kind: 'exchange', from: 'direct', rests: true, ...work });
      return { ...done, clients: done.processorSeconds };
    });
    const { rate, p50, p99, p999, max, lost, refused, total } = result;
    const cost = (shares.gateways * seconds * 1e6) / Math.max(1, total);
    return { rate, p50, p99, p999, max, lost, refused, total, cost, ...shares };
  }

  /** Bare transactions from so many machines at once, each with a client of its own. */
  async raw(machines: number, work: Omit<RawWork, 'endpoints' | 'name' | 'settle'>): Promise<RawRun> {
    const { nodes, etcd } = this.#cluster;
    const script = join(import.meta.dirname, 'raw-loop.js');
    const { shares, result } = await this.#meter(async () => {
      const programs = nodes.slice(0, machines).map(({ host }) => {
        this.#loops += 1;
        const loop: RawWork = { endpoints: etcd.endpoints, name: String(this.#loops), settle: 1, ...work };
        return new Program([process.execPath, script, JSON.stringify(loop)], {
          ...{ namespace: host.pid, under: ORDINARY },
        });
      });
      await Promise.all(programs.map((program) => program.ended()));
      const clients = programs.reduce((sum, program) => sum + program.nanoseconds() / 1e9, 0);
      return { all: programs.map(readResult), clients };
    });
    const { all } = result;
    const mean = (figure: (one: RawResult) => number) =>
      all.reduce((sum, one) => sum + figure(one), 0) / all.length;
    return {
      rate: mean(({ rate }) => rate) * all.length,
      p50: mean(({ p50 }) => p50),
      p99: Math.max(...all.map(({ p99 }) => p99)),
      conflicts: mean(({ conflicts }) => conflicts) * all.length,
      ...shares,
    };
  }

  /** Runs something beside the meters; `clients` of its result: the seconds of processors that it used itself. */
  async #meter<Result extends { readonly clients: number }>(run: () => Promise<Result>) {
    const gateways = this.#cluster.nodes.map(({ gateway }) => gateway?.pid ?? 0).map(consumerOf);
    const members = this.#cluster.etcd.pids.map(consumerOf);
    const before = { gateways: sumOf(gateways), etcd: sumOf(members) };
    const meter = new LoadMeter([...gateways, ...members]);
    const start = performance.now();
    const result = await run();
    const seconds = (performance.now() - start) / 1000;
    const clients = result.clients / seconds;
    const shares: Shares = {
      gateways: (sumOf(gateways) - before.gateways) / 1e9 / seconds,
      etcd: (sumOf(members) - before.etcd) / 1e9 / seconds,
      clients,
      others: Math.max(0, meter.others() - clients),
    };
    return { result, shares, seconds };
  }
}

function consumerOf(pid: number): Consumer {
  return { nanoseconds: () => nanosecondsOf(pid) };
}

function sumOf(consumers: readonly Consumer[]): number {
  return consumers.reduce((sum, consumer) => sum + consumer.nanoseconds(), 0);
}

function readResult(program: Program): RawResult {
  if (program.status !== 0) throw new Error(`the raw loop ended with ${program.status}: ${program.output}`);
  return JSON.parse(program.output) as RawResult;
}
