import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { eventually } from './eventually.ts';
import { messageOf, type PlatformClient } from './platform-client.ts';
import { schemaOf } from './platform-service.ts';

type Message = Readonly<Record<string, unknown>>;

/** An instance of the platform, as it opens its stream to a gateway: made with the Connect library. */
export class PlatformPeer {
  /** What the gateway has sent, in order. */
  readonly heard: Message[] = [];
  /** Whose a card is, by its MAC; what is not here it does not know. */
  readonly vpsOf = new Map<string, { readonly vpsId: string; readonly organizationId: string }>();
  /** The error that the stream ended with; undefined: it has not ended, or without one. */
  error: unknown;
  hasEnded = false;
  readonly #waiting: Message[] = [];
  #wake: () => void = () => {};
  #isClosed = false;
  #requests = 0;

  constructor(client: PlatformClient) {
    const open = client['registerGateway'] as unknown as (
      messages: AsyncIterable<object>,
    ) => AsyncIterable<Message>;
    void this.#listen(open(this.#outgoing()));
  }

  static async register(client: PlatformClient, node = 'node1'): Promise<PlatformPeer> {
    const peer = new PlatformPeer(client);
    peer.send({ type: 'register', registration: messageOf('GatewayRegistration', { gatewayId: node }) });
    await peer.first('registered');
    return peer;
  }

  send(message: Message): void {
    this.#waiting.push(messageOf('GatewayMessage', message) as unknown as Message);
    this.#wake();
  }

  /** Ends its side. */
  close(): void {
    this.#isClosed = true;
    this.#wake();
  }

  /** The first message of a type, beginning with the one after so many. */
  async first(type: string, after = 0): Promise<Message> {
    return await eventually(
      `the gateway sent ${type}`,
      () => this.heard.slice(after).find((message) => message['type'] === type),
      15_000,
      () => `${this.error ?? ''} ${JSON.stringify(this.heard.map((each) => each['type']))}`,
    );
  }

  /** What the gateway makes of a list. */
  async sync(allocations: readonly Message[]): Promise<Message> {
    const before = this.heard.length;
    const list = allocations.map((each) => messageOf('DesiredAllocation', each));
    this.send({
      type: 'sync_allocations',
      syncAllocations: messageOf('SyncAllocationsRequest', { allocations: list }),
    });
    return (await this.first('sync_result', before))['syncResult'] as Message;
  }

  /** A call by the stream: its response, or its error as a text. */
  async request(method: string, value: Message = {}): Promise<Message | string> {
    this.#requests += 1;
    const requestId = `vps-req-${this.#requests}`;
    const schema = schemaOf(`${method}Request`);
    const payload = toBinary(schema, messageOf(`${method}Request`, value));
    this.send({ type: 'request', request: messageOf('GatewayRequest', { requestId, method, payload }) });
    const response = await eventually(`${method} was answered`, () =>
      this.heard
        .map((message) => message['response'] as Message | undefined)
        .find((each) => each?.['requestId'] === requestId),
    );
    if (response['success'] !== true) return String(response['error']);
    return fromBinary(schemaOf(`${method}Response`), response['payload'] as Uint8Array) as unknown as Message;
  }

  async *#outgoing(): AsyncIterable<object> {
    for (;;) {
      const next = this.#waiting.shift();
      if (next !== undefined) yield next;
      else if (this.#isClosed) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  async #listen(incoming: AsyncIterable<Message>): Promise<void> {
    try {
      for await (const message of incoming) {
        this.heard.push(message);
        if (message['type'] === 'request') this.#answer(message['request'] as Message);
      }
    } catch (error) {
      this.error = error;
    }
    this.hasEnded = true;
  }

  #answer({ requestId, method, payload }: Message): void {
    const asked = fromBinary(schemaOf('FindVPSByLeaseRequest'), payload as Uint8Array) as unknown as Message;
    const found = method === 'FindVPSByLease' ? this.vpsOf.get(String(asked['mac'])) : undefined;
    const schema = schemaOf('FindVPSByLeaseResponse');
    this.send({
      type: 'response',
      response: messageOf('GatewayResponse', {
        requestId,
        success: true,
        payload: toBinary(schema, create(schema, (found ?? {}) as never)),
      }),
    });
  }
}
