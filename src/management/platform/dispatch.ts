import type { Say } from '../../log/say.ts';
import { CallError } from '../../platform/call-error.ts';
import { messageFromJson, messageToJson } from '../../platform/json-message.ts';
import {
  MalformedMessage,
  type MessageOf,
  type MessageTable,
  type PartOf,
} from '../../platform/message-type.ts';
import { REGISTER, UNARY, type UnaryMethod } from '../../platform/messages.ts';
import { readMessage } from '../../platform/read-message.ts';
import { writeMessage } from '../../platform/write-message.ts';
import type { CallCounts } from '../metrics/call-counts.ts';
import type { PlatformCaller } from './platform-parts.ts';
import { callErrorOf } from './problem-error.ts';
import type { UnaryCalls } from './unary-calls.ts';

/** How messages are written. */
export interface MessageCodec {
  /** @throws MalformedMessage */
  read<Type extends MessageTable>(type: Type, octets: Uint8Array): MessageOf<Type>;
  write<Type extends MessageTable>(type: Type, value: PartOf<Type>): Uint8Array;
}

/** By the last word of a content type. */
export const CODECS: Readonly<Record<'proto' | 'json', MessageCodec>> = {
  proto: { read: readMessage, write: writeMessage },
  json: {
    read: (type, octets) => messageFromJson(type, utf8TextOf(octets)),
    write: (type, value) => new TextEncoder().encode(messageToJson(type, value)),
  },
};

function utf8TextOf(octets: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(octets);
  } catch {
    throw new MalformedMessage('it is not UTF-8');
  }
}

export interface DispatchParts {
  readonly calls: UnaryCalls;
  readonly counts: CallCounts;
  readonly say: Say;
}

/** Carries out a call by the name of its method, and counts it. The octets are its messages. @throws CallError */
export function dispatch(
  parts: DispatchParts,
  method: string,
  codec: MessageCodec,
  octets: Uint8Array,
  caller: PlatformCaller,
): Promise<Uint8Array> {
  return carryOut(parts, method, caller.signal, () => answerTo(parts, method, codec, octets, caller));
}

/** Does what a call is about, as long as its caller waits, and counts it. @throws CallError */
export async function carryOut<Result>(
  { counts, say }: Pick<DispatchParts, 'counts' | 'say'>,
  method: string,
  signal: AbortSignal,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    const result = await Promise.race([work(), over(signal)]);
    counts.count(method, 'ok');
    return result;
  } catch (error) {
    const failed = callErrorOf(error) ?? mistake(error, say);
    counts.count(method, failed.code);
    throw failed;
  }
}

async function answerTo(
  { calls }: DispatchParts,
  method: string,
  codec: MessageCodec,
  octets: Uint8Array,
  caller: PlatformCaller,
): Promise<Uint8Array> {
  if (!isUnary(method)) throw notCalledSo(method);
  const { request, response } = UNARY[method];
  const run = calls[method] as (request: unknown, caller: PlatformCaller) => Promise<object>;
  return codec.write(
    response as MessageTable,
    await run(codec.read(request as MessageTable, octets), caller),
  );
}

export function isUnary(method: string): method is UnaryMethod {
  return Object.hasOwn(UNARY, method);
}

/** Of a method that is not a call with one request. */
export function notCalledSo(method: string): CallError {
  if (method === REGISTER)
    return new CallError('unimplemented', `${REGISTER} is a stream: send application/connect+proto`);
  return new CallError('unimplemented', `${method.slice(0, 64)} is no work of this gateway`);
}

function over(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const reason: unknown = signal.reason;
    if (signal.aborted) reject(reason);
    else signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

export function mistake(error: unknown, say: Say): CallError {
  const err = error instanceof Error ? (error.stack ?? error.message) : String(error);
  say('error', { err }, 'a call of the platform failed');
  return new CallError('internal', 'a mistake of this program: the log of the gateway has it');
}
