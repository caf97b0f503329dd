import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { addressText, hardwareText } from './frames.ts';
import { readReply } from './heard-reply.ts';

/** The calls that decide what is on disk, and those that send. */
const TRACED = [
  'openat',
  'pwrite64',
  'write',
  'ftruncate',
  'fsync',
  'fdatasync',
  'unlink',
  'rename',
  'sendmmsg',
  'sendto',
  'sendmsg',
];

/**
 * Runs a command with its system calls written to a file, whole and in hexadecimal. The process keeps its pid, strace
 * is another one.
 */
export function tracing(file: string): readonly string[] {
  return [
    'strace',
    '-D',
    '-f',
    '-q',
    '-xx',
    '-yy',
    '-s',
    '70000',
    '-e',
    `trace=${TRACED.join()}`,
    '-o',
    file,
  ];
}

/** One call, in the order in which the calls ended. */
export interface TracedCall {
  readonly name: string;
  /** Of the file that it is about. */
  readonly path: string;
  /** Each piece of memory that it was given. */
  readonly buffers: readonly Buffer[];
  readonly numbers: readonly number[];
  /** All that it was given, as strace writes it. */
  readonly words: string;
  readonly result: number;
}

/** Waits for the end of the process `pid` in the trace. Failed calls are left out. */
export async function readTrace(file: string, pid: number): Promise<readonly TracedCall[]> {
  const last = new RegExp(`^${pid} +\\+\\+\\+ `, 'm');
  for (let attempt = 0; attempt < 200 && !last.test(readFileSync(file, 'latin1')); attempt += 1)
    await delay(25);
  const begun = new Map<string, string>();
  const calls: TracedCall[] = [];
  for (const line of readFileSync(file, 'latin1').split('\n')) {
    const [, thread = '', text = ''] = /^(\d+) +(.*)$/.exec(line) ?? [];
    if (text.endsWith(' <unfinished ...>')) {
      begun.set(thread, text.slice(0, -' <unfinished ...>'.length));
      continue;
    }
    const rest = /^<\.\.\. \w+ resumed>(.*)$/.exec(text)?.[1];
    const call = readCall(rest === undefined ? text : (begun.get(thread) ?? '') + rest);
    if (call !== undefined && call.result >= 0) calls.push(call);
  }
  return calls;
}

function readCall(text: string): TracedCall | undefined {
  const [, name, args, result] = /^(\w+)\((.*)\) += (-?\d+)/s.exec(text) ?? [];
  if (name === undefined || args === undefined) return undefined;
  const strings = [...args.matchAll(/"((?:\\x[0-9a-f]{2})*)"/g)].map(([, hex = '']) => bytesOf(hex));
  const opened = /^\d+<((?:\\x[0-9a-f]{2})*)/.exec(args)?.[1];
  const path = opened === undefined ? strings[0] : bytesOf(opened);
  const numbers = args.replace(/"[^"]*"|<[^>]*>/g, '').match(/\b\d+\b/g) ?? [];
  return {
    name,
    path: path?.toString('latin1') ?? '',
    buffers: strings,
    numbers: numbers.map(Number),
    words: args.replace(/"[^"]*"|<[^>]*>/g, ''),
    result: Number(result),
  };
}

function bytesOf(hex: string): Buffer {
  return Buffer.from(hex.replaceAll('\\x', ''), 'hex');
}

export function isSync(call: TracedCall): boolean {
  return call.name === 'fsync' || call.name === 'fdatasync';
}

export interface SentAck {
  readonly chaddr: string;
  readonly address: string;
}

/** The DHCPACKs that bind an address among what a call sends. */
export function acksIn(call: TracedCall): readonly SentAck[] {
  if (!call.name.startsWith('send')) return [];
  return call.buffers.flatMap((bytes) => {
    const cookie = bytes.indexOf('63825363', 0, 'hex');
    if (cookie < 236) return [];
    const payload = bytes.subarray(cookie - 236);
    const { type } = readReply({ ...NOWHERE, payload });
    if (type !== 5) return [];
    return [{ chaddr: hardwareText(payload, 28), address: addressText(payload, 16) }];
  });
}

const NOWHERE = {
  sourceHardware: '',
  destinationHardware: '',
  source: '',
  destination: '',
  sourcePort: 0,
  destinationPort: 0,
};

/** The files that are opened so that each write goes through to the disk. */
export function opensThrough(call: TracedCall): boolean {
  return call.name === 'openat' && call.words.includes('O_DSYNC');
}

/**
 * What a disk holds after a power cut: of each file, only what was written before its last fsync, or all of it if it was
 * opened so that each write goes through.
 */
export class DiskAfterPowerCut {
  readonly #through = new Set<string>();
  readonly #written = new Map<string, Buffer>();
  readonly #synced = new Map<string, Buffer>();

  apply(call: TracedCall): void {
    const { path } = call;
    if (opensThrough(call)) this.#through.add(path);
    else if (call.name === 'rename') this.#rename(path, call.buffers[1]?.toString('latin1') ?? '');
    else if (call.name === 'pwrite64') this.#write(call, call.numbers.at(-1) ?? 0);
    else if (call.name === 'write') this.#write(call, this.#written.get(path)?.length ?? 0);
    else if (call.name === 'ftruncate') this.#truncate(path, call.numbers.at(-1) ?? 0);
    else if (isSync(call)) this.#synced.set(path, Buffer.from(this.#written.get(path) ?? []));
    else if (call.name === 'unlink') {
      this.#written.delete(path);
      this.#synced.delete(path);
    }
  }

  /** By path. */
  get files(): ReadonlyMap<string, Buffer> {
    return this.#synced;
  }

  #write(call: TracedCall, offset: number): void {
    const bytes = call.buffers[0] ?? Buffer.alloc(0);
    // strace shows the first part of what is long; ours then is all zeros.
    const size = offset + call.result;
    let file = this.#written.get(call.path) ?? Buffer.alloc(0);
    if (file.length < size) file = Buffer.concat([file, Buffer.alloc(size - file.length)]);
    bytes.copy(file, offset);
    this.#written.set(call.path, file);
    if (this.#through.has(call.path)) this.#synced.set(call.path, file);
  }

  #rename(from: string, to: string): void {
    for (const files of [this.#written, this.#synced]) {
      const file = files.get(from);
      if (file !== undefined) files.set(to, Buffer.from(file));
      files.delete(from);
    }
  }

  #truncate(path: string, size: number): void {
    const after = Buffer.alloc(size);
    this.#written.get(path)?.copy(after);
    this.#written.set(path, after);
  }
}
