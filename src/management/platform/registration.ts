import type { Say } from '../../log/say.ts';
import { CallError } from '../../platform/call-error.ts';
import { type MessageOf, type PartOf, timeOf } from '../../platform/message-type.ts';
import type { GATEWAY_MESSAGE, REGISTRATION, SYNC, SYNCED } from '../../platform/messages.ts';
import { callErrorOf } from './problem-error.ts';
import { AskedStream, type RegisteredStreams } from './registered-streams.ts';

/** As the platform does: a sign of life every 30 seconds. */
const HEARTBEAT = 30_000;
/** Three of them and a little: then nobody is there any more. */
const SILENCE = 100_000;
/** How long the first message may take: milliseconds. */
const REGISTER_TIME = 10_000;
/** Requests of one stream that are at work at once. */
const MOST_AT_WORK = 16;
/** Characters of a name that are logged. */
const MOST_SHOWN = 64;

type GatewayMessage = MessageOf<typeof GATEWAY_MESSAGE>;

export interface RegistrationParts {
  readonly send: (message: PartOf<typeof GATEWAY_MESSAGE>) => void;
  /** Ends the stream from this side. */
  readonly end: (error?: CallError) => void;
  /** Carries out a call by its name; the octets are its messages. @throws as the call does. */
  readonly call: (method: string, payload: Uint8Array) => Promise<Uint8Array>;
  readonly sync: (request: MessageOf<typeof SYNC>) => Promise<PartOf<typeof SYNCED>>;
  readonly own: () => PartOf<typeof REGISTRATION>;
  readonly metrics: () => Promise<string>;
  readonly streams: RegisteredStreams;
  readonly say: Say;
  /** Where it comes from. */
  readonly remote: string;
  /** Wall-clock milliseconds. */
  readonly now: () => number;
}

/**
 * The stream that an instance of the platform opens to a gateway: it registers, synchronizes its list, makes calls, answers this
 * gateway's questions, and both sides show that they live.
 */
export class Registration {
  readonly #parts: RegistrationParts;
  readonly #asked: AskedStream;
  readonly #heartbeat: NodeJS.Timeout;
  #silence: NodeJS.Timeout;
  /** The name that it has registered with; undefined: it has not. */
  #name: string | undefined;
  #atWork = 0;
  #syncs: Promise<void> = Promise.resolve();
  #waitingSyncs = 0;
  #isClosed = false;
  #hasSaidUnknown = false;
  #isCounting = false;

  constructor(parts: RegistrationParts) {
    this.#parts = parts;
    this.#asked = new AskedStream((message) => parts.send(message));
    this.#silence = this.#endAfter(REGISTER_TIME, 'no message of type register came within 10 s');
    this.#heartbeat = setInterval(
      () => parts.send({ type: 'heartbeat', heartbeat: timeOf(parts.now()) }),
      HEARTBEAT,
    );
  }

  /** A message of the platform. */
  take(message: GatewayMessage): void {
    if (this.#isClosed) return;
    if (this.#name !== undefined) this.#isHeard();
    const { type, response } = message;
    if (type === 'register') this.#register(message);
    else if (type === 'request') this.#request(message);
    else if (type === 'response' && response !== undefined) this.#asked.answered(response);
    else if (type === 'sync_allocations') this.#sync(message);
    else if (type === 'metrics') this.#metrics();
    else if (type !== 'heartbeat') this.#unknown(type);
  }

  /** The stream is over, whoever has ended it. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#silence);
    clearInterval(this.#heartbeat);
    this.#parts.streams.remove(this.#asked);
    const { say, remote } = this.#parts;
    if (this.#name !== undefined) say('info', { remote, name: this.#name }, 'the platform has gone');
  }

  #register({ registration }: GatewayMessage): void {
    const { say, streams, remote } = this.#parts;
    if (registration === undefined) {
      this.#end(new CallError('invalid_argument', 'the message of type register has no registration'));
      return;
    }
    const isNew = this.#name === undefined;
    this.#name = shown(registration.gatewayId);
    this.#isHeard();
    this.#send({ type: 'registered', registration: this.#parts.own() });
    if (!isNew) return;
    streams.add(this.#asked);
    const { version, gatewayIpDhcp: instance } = registration;
    const said = { name: this.#name, version: shown(version), instance: shown(instance) };
    say('info', { remote, ...said }, 'the platform has registered');
  }

  /** What is asked while an answer is made is answered by that one: each takes a while, and a question a few octets. */
  #metrics(): void {
    if (this.#isCounting) return;
    this.#isCounting = true;
    void this.#parts
      .metrics()
      .then((metrics) => this.#send({ type: 'metrics', metrics }))
      .finally(() => (this.#isCounting = false));
  }

  #request({ request }: GatewayMessage): void {
    if (request === undefined) return;
    const { requestId, method, payload } = request;
    const answer = (rest: { success: boolean; payload?: Uint8Array; error?: string }) =>
      this.#send({ type: 'response', response: { requestId, ...rest } });
    if (this.#atWork >= MOST_AT_WORK) {
      answer({ success: false, error: 'resource_exhausted: too many requests are at work on this stream' });
      return;
    }
    this.#atWork += 1;
    void this.#parts
      .call(method, payload)
      .then(
        (octets) => answer({ success: true, payload: octets }),
        (error: unknown) => answer({ success: false, error: wordsOf(error) }),
      )
      .finally(() => (this.#atWork -= 1));
  }

  /** One after another: the newest list is the one that counts at the end. One that waits already is enough. */
  #sync({ syncAllocations = { allocations: [] } }: GatewayMessage): void {
    if (this.#waitingSyncs >= 2) {
      this.#send({
        type: 'sync_result',
        syncResult: { message: 'two lists wait already: send it again later' },
      });
      return;
    }
    this.#waitingSyncs += 1;
    this.#syncs = this.#syncs
      .then(() => this.#parts.sync(syncAllocations))
      .catch((error: unknown) => ({ success: false, message: wordsOf(error) }))
      .then((syncResult) => this.#send({ type: 'sync_result', syncResult }))
      .finally(() => (this.#waitingSyncs -= 1));
  }

  #unknown(type: string): void {
    if (this.#hasSaidUnknown) return;
    this.#hasSaidUnknown = true;
    const { say, remote } = this.#parts;
    say('warn', { remote, type: shown(type) }, 'the platform sends messages of a type that is not known');
  }

  #isHeard(): void {
    clearTimeout(this.#silence);
    this.#silence = this.#endAfter(SILENCE, 'nothing was heard for 100 s, no heartbeat either');
  }

  #endAfter(milliseconds: number, words: string): NodeJS.Timeout {
    return setTimeout(() => this.#end(new CallError('deadline_exceeded', words)), milliseconds);
  }

  #send(message: PartOf<typeof GATEWAY_MESSAGE>): void {
    if (!this.#isClosed) this.#parts.send(message);
  }

  #end(error: CallError): void {
    if (this.#isClosed) return;
    this.close();
    this.#parts.end(error);
  }
}

/** A name as the log may have it: a message may have one of megabytes. */
function shown(name: string): string {
  return name.slice(0, MOST_SHOWN);
}

/** In a message there is no place for a code of its own. */
function wordsOf(error: unknown): string {
  const known = callErrorOf(error);
  return known === undefined ? 'internal: the log of the gateway has it' : `${known.code}: ${known.message}`;
}
