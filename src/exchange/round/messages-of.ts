import type { Arena, Datagram } from '../../transport/transport.ts';
import { decode } from '../../wire/decode.ts';
import { BOOTREQUEST } from '../../wire/layout.ts';
import type { Message } from '../../wire/message.ts';
import type { Drop } from '../observer/drops.ts';
import type { ServerState } from '../parts/exchange-parts.ts';

/**
 * The message of each datagram; or why it is dropped. Where all of their senders are plugged in is asked for together, before
 * one is admitted.
 */
export function messagesOf(
  datagrams: readonly Datagram[],
  arena: Arena,
  serverState: ServerState,
): readonly (Message | Drop)[] {
  const { guestPorts } = serverState;
  const messages = datagrams.map((datagram) => {
    const message = messageOf(datagram, arena, serverState);
    if (typeof message === 'object') guestPorts?.note(message, datagram.arrival);
    return message;
  });
  guestPorts?.ask();
  return messages;
}

function messageOf(
  { truncated, offset, length, arrival }: Datagram,
  arena: Arena,
  serverState: ServerState,
): Message | Drop {
  if (truncated) return 'truncated';
  const message = decode(arena.bytes, arena.view, offset, length);
  if (!message.ok) return message.malformed;
  if (message.op !== BOOTREQUEST) {
    serverState.noteReply(message, arrival);
    return 'of-a-server';
  }
  return message;
}
