import type { Arena, Batch, Outbox, Transport } from '../../transport/transport.ts';

const NOTHING = new Uint8Array(0);
const NO_VIEW = new DataView(NOTHING.buffer);

/** A transport without sockets: it receives and sends nothing. For orders, which need neither. */
export class NoTransport implements Transport {
  readonly kind = 'none';
  readonly maximumPayload = 0;
  readonly outbox: Outbox = { bytes: NOTHING, view: NO_VIEW, capacity: 0 };

  arena(): Arena {
    return { bytes: NOTHING, view: NO_VIEW, capacity: 0 };
  }

  onReadable(): void {}

  pause(): void {}

  resume(): void {}

  receive(arena: Arena): Batch {
    return { arena, datagrams: [], drained: true };
  }

  send(): number {
    return 0;
  }

  close(): void {}
}
