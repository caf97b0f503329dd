import { existsSync, readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { fileURLToPath } from 'node:url';

/** What `node --cpu-prof` writes, as far as it is read here; times in microseconds of the monotonic clock. */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  readonly startTime: number;
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

interface ProfileNode {
  readonly id: number;
  /** Lines and columns count from 0. */
  readonly callFrame: {
    readonly functionName: string;
    readonly url: string;
    readonly lineNumber: number;
    readonly columnNumber: number;
  };
  readonly children?: readonly number[];
}

/**
 * The parts of an exchange, by the innermost frame that one of these fits: function name, a blank, and source file. What calls
 * the system comes before what it is called from.
 */
const PARTS: readonly (readonly [part: string, frame: RegExp])[] = [
  ['idle', /^\(idle\)/],
  ['garbage collection', /^\(garbage collector\)/],
  ['sockets: receive', /^recvmmsg |^(receive|#receiveFrom) .*\/transport\//],
  ['sockets: send', /^sendmmsg |^(send|#flush|#putDatagram|#putFrame) .*\/transport\//],
  ['mirror of the shared leases', /\/sqlite\/sqlite-mirror\.ts$/],
  [
    'etcd: transactions, written and read',
    /\/etcd\/client\/(messages|protobuf)\.ts$|^(transact|encodeEntry) /,
  ],
  ['etcd: the watch', /\/etcd\/client\/grpc-watch\.ts$/],
  [
    'etcd: what is known of it',
    /\/etcd\/(known-keys|key-behind|keys\/(known-\w+|entry)|membership\/members)\.ts$/,
  ],
  [
    'etcd: gRPC and HTTP/2',
    /\/etcd\/client\/(channel|connection|grpc-stream|grpc-etcd)\.ts$|internal\/http2\//,
  ],
  ['etcd: changes planned and sent', /\/store\/etcd\//],
  ['journal: write through to the disk', /\/journal\/synced-file\.ts$/],
  ['SQLite, behind the journal or as the mirror: checkpoint', /\/sqlite\/file\/checkpoints\.ts$/],
  [
    'SQLite, behind the journal or as the mirror: rows and commit',
    /\/sqlite\/(tables\/writer|maintenance\/\w[\w-]*|history\/retention)\.ts$/,
  ],
  ['commit, without the disk', /\/sqlite\//],
  ['leases in memory', /\/(lease-table|store)\//],
  ['decode', /\/wire\/(decode|message|option-fields|relay-agent|read-option)\.ts$/],
  ['encode', /\/wire\/|\/exchange\/replies\.ts$/],
  ['client key', /\/lease\/client-key\.ts$/],
  ['decide', /\/(engine|allocation|subnet|lease)\//],
  [
    'log and counters',
    /\/log\/|\/pino|decision-(log|lines)\.ts$|line-limits\.ts$|counters\.ts$|observer\.ts$/,
  ],
  ['what is under way', /\/(exchange|server)\//],
  ['transport', /\/transport\//],
];

/** Microseconds of each part between two times. */
export function timeByPart(
  profile: CpuProfile,
  from: number,
  to: number,
): { readonly parts: ReadonlyMap<string, number>; readonly total: number } {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const parents = new Map<number, number>();
  for (const { id, children = [] } of profile.nodes) for (const child of children) parents.set(child, id);

  const sources = new Sources();
  const partOfNode = new Map<number, string>();
  const partOf = (id: number): string => {
    const known = partOfNode.get(id);
    if (known !== undefined) return known;
    const node = nodes.get(id);
    const parent = parents.get(id);
    const own = node === undefined ? undefined : partOfFrame(node, sources);
    const part = own ?? (parent === undefined ? 'Node itself' : partOf(parent));
    partOfNode.set(id, part);
    return part;
  };

  const parts = new Map<string, number>();
  let total = 0;
  let now = profile.startTime;
  for (const [index, sample] of profile.samples.entries()) {
    const delta = profile.timeDeltas[index] ?? 0;
    now += delta;
    if (now < from || now > to) continue;
    const part = partOf(sample);
    parts.set(part, (parts.get(part) ?? 0) + delta);
    total += delta;
  }
  return { parts, total };
}

function partOfFrame({ callFrame }: ProfileNode, sources: Sources): string | undefined {
  const frame = `${callFrame.functionName} ${sources.of(callFrame)}`;
  return PARTS.find(([, fits]) => fits.test(frame))?.[0];
}

/** The sources of the files that were made of many, by the maps beside them. */
class Sources {
  readonly #maps = new Map<string, SourceMap | undefined>();

  of({ url, lineNumber, columnNumber }: ProfileNode['callFrame']): string {
    const entry = this.#mapOf(url)?.findEntry(lineNumber, columnNumber);
    return entry !== undefined && 'originalSource' in entry ? entry.originalSource : url;
  }

  #mapOf(url: string): SourceMap | undefined {
    if (!this.#maps.has(url)) {
      const file = `${url.startsWith('file:') ? fileURLToPath(url) : url}.map`;
      const map = existsSync(file) ? new SourceMap(JSON.parse(readFileSync(file, 'utf8'))) : undefined;
      this.#maps.set(url, map);
    }
    return this.#maps.get(url);
  }
}
