import { ipv4FromText } from '../../../src/net/ipv4.ts';
import { ArrivalFilter } from '../../../src/transport/linux/arrival-filter.ts';
import { findInterface } from '../../../src/transport/linux/interfaces.ts';
import { loadLibc } from '../../../src/transport/linux/libc.ts';
import { INET_ADDRESS_BYTES } from '../../../src/transport/linux/linux.ts';
import { MessageVector, pinnedMemory } from '../../../src/transport/linux/message-vector.ts';
import { openUnicastSocket } from '../../../src/transport/linux/open-socket.ts';
import { whenReadable } from '../../../src/transport/linux/readiness.ts';

/**
 * Sends every datagram back to where it came from: the least that a server on these sockets has to do. The same calls
 * as the server's, and nothing between them. Arguments: interface and address.
 */
const SLOTS = 512;
const SLOT_BYTES = 2048;

const [interfaceName = '', address = ''] = process.argv.slice(2);
const listenIp = ipv4FromText(address);
if (listenIp === undefined) throw new Error(`not an address: ${address}`);

const libc = loadLibc();
const filter = new ArrivalFilter(libc, {
  indexes: [findInterface(interfaceName)?.index ?? 0],
  checksChaddr: true,
  hasSentinel: true,
});
const sockets = { interfaceName, listenIp, vrf: undefined, filter };
const fd = openUnicastSocket(libc, { ...sockets, serverPort: 67, receiveBufferBytes: 8 << 20 });
const payload = pinnedMemory(libc, SLOTS * SLOT_BYTES);
const incoming = new MessageVector(libc, payload, SLOTS);
const outgoing = new MessageVector(libc, payload, SLOTS);
for (let slot = 0; slot < SLOTS; slot += 1) {
  incoming.putMessage(slot, slot * SLOT_BYTES, SLOT_BYTES, 0);
  incoming.putRoom(slot);
}

whenReadable(libc, fd, () => {
  const count = incoming.receive(fd, 0, SLOTS);
  for (let slot = 0; slot < count; slot += 1) {
    const from = incoming.nameOffset(slot);
    const to = outgoing.nameOffset(slot);
    outgoing.names.setBigUint64(to, incoming.names.getBigUint64(from)); // Family, port and address.
    outgoing.putMessage(slot, slot * SLOT_BYTES, incoming.lengthOf(slot), INET_ADDRESS_BYTES);
    incoming.putRoom(slot);
  }
  if (count > 0) outgoing.send(fd, 0, count);
});
