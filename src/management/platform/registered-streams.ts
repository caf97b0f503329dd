import { isOutsideId, type OutsideId } from '../../lease/outside-id.ts';
import type { MessageOf, PartOf } from '../../platform/message-type.ts';
import { FIND_VPS, type GATEWAY_MESSAGE } from '../../platform/messages.ts';
import { readMessage } from '../../platform/read-message.ts';
import { writeMessage } from '../../platform/write-message.ts';

/** How long an answer of the platform is waited for: milliseconds. */
const ANSWER_TIME = 5000;
/** Questions of one stream that are open at once; further ones are not asked. */
const MOST_OPEN = 256;

type Answer = NonNullable<MessageOf<typeof GATEWAY_MESSAGE>['response']>;

/** The VPS that a card belongs to, by the platform. */
export interface FoundVps {
  readonly vpsId: OutsideId;
  readonly organizationId: OutsideId | undefined;
}

/** One instance of the platform that has registered, as it is asked. */
export class AskedStream {
  readonly #send: (message: PartOf<typeof GATEWAY_MESSAGE>) => void;
  readonly #open = new Map<string, (answer: Answer | undefined) => void>();
  #number = 0;

  constructor(send: (message: PartOf<typeof GATEWAY_MESSAGE>) => void) {
    this.#send = send;
  }

  /** The payload of the answer; undefined: there is none in time, or it is an error. */
  ask(method: string, payload: Uint8Array): Promise<Uint8Array | undefined> {
    if (this.#open.size >= MOST_OPEN) return Promise.resolve(undefined);
    this.#number += 1;
    const requestId = `gateway-${this.#number}`;
    return new Promise((resolve) => {
      const settle = (answer: Answer | undefined) => {
        clearTimeout(timer);
        this.#open.delete(requestId);
        resolve(answer?.success === true ? answer.payload : undefined);
      };
      const timer = setTimeout(() => settle(undefined), ANSWER_TIME);
      this.#open.set(requestId, settle);
      this.#send({ type: 'request', request: { requestId, method, payload } });
    });
  }

  answered(answer: Answer): void {
    this.#open.get(answer.requestId)?.(answer);
  }

  /** Nothing is answered any more. */
  close(): void {
    for (const settle of [...this.#open.values()]) settle(undefined);
  }
}

/** All instances of the platform that are registered now. */
export class RegisteredStreams {
  readonly #streams = new Set<AskedStream>();
  readonly #whenFirst: () => void;

  /** @param whenFirst Called when there is one, after there was none. */
  constructor(whenFirst: () => void = () => {}) {
    this.#whenFirst = whenFirst;
  }

  get size(): number {
    return this.#streams.size;
  }

  add(stream: AskedStream): void {
    this.#streams.add(stream);
    if (this.#streams.size === 1) this.#whenFirst();
  }

  remove(stream: AskedStream): void {
    this.#streams.delete(stream);
    stream.close();
  }

  /** Whose a card is: all are asked, and the first that knows it is believed. Undefined: none of them knows. */
  async findVps(ip: string, mac: string): Promise<FoundVps | undefined> {
    const payload = writeMessage(FIND_VPS.request, { ip, mac });
    const answers = [...this.#streams].map(async (stream) => {
      const found = foundIn(await stream.ask(FIND_VPS.method, payload));
      if (found === undefined) throw new Error('it does not know');
      return found;
    });
    return await Promise.any(answers).catch(() => undefined);
  }
}

function foundIn(payload: Uint8Array | undefined): FoundVps | undefined {
  if (payload === undefined) return undefined;
  try {
    const { vpsId, organizationId } = readMessage(FIND_VPS.response, payload);
    if (!isOutsideId(vpsId)) return undefined;
    return { vpsId, organizationId: isOutsideId(organizationId) ? organizationId : undefined };
  } catch {
    return undefined; // What cannot be read is no answer.
  }
}
