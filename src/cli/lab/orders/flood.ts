import { setTimeout as delay } from 'node:timers/promises';
import { EVERYBODY, type HardwareAddress } from '../../../net/hardware-address.ts';
import { LIMITED_BROADCAST, UNSPECIFIED } from '../../../net/ipv4.ts';
import { BOOTREQUEST } from '../../../wire/layout.ts';
import { bootMessage } from '../guests/boot-message.ts';
import { DhcpLink } from '../guests/dhcp-link.ts';
import type { Lab } from '../lab.ts';
import type { NamespaceHost } from '../namespace-host.ts';
import { DEVICE } from '../segment.ts';
import { secondsSince } from './newcomers.ts';
import type { LabOrder, StepResult } from './order.ts';
import { plugStranger } from './stranger.ts';

/** DHCPDISCOVERs a second. */
const RATE = 1000;
const STEP_MILLISECONDS = 5;
/** From its start until the guests boot: milliseconds. */
const BEFORE = 1000;
const GUESTS = 10;
const PATIENCE = 15_000;
/** 52:54:77:00:00:01 and on. */
const FIRST_HARDWARE = 0x525477000001;

export function flood(lab: Lab): LabOrder {
  return {
    name: 'flood',
    key: 'f',
    title: 'flood with DHCPDISCOVERs',
    promise: `${GUESTS} new guests get leases meanwhile`,
    needs: ['network'],
    says: () =>
      `${RATE} DHCPDISCOVERs a second come from one port of node-1, each with another MAC. ${GUESTS} new guests on all nodes should get leases meanwhile.`,
    does: async () => {
      const [gateway] = lab.gateways;
      if (gateway === undefined) throw new Error('no node');
      const host = await plugStranger(gateway.node, 'veth667i0');
      const stop = startFlood(host);
      try {
        await delay(BEFORE);
        return await guestsMeanwhile(lab, stop);
      } finally {
        stop();
        await host.close();
      }
    },
  };
}

async function guestsMeanwhile(lab: Lab, stop: () => number): Promise<StepResult> {
  const begin = Date.now();
  const booted = Array.from({ length: GUESTS }, async (_, index) => {
    const gateway = lab.gateways[index % lab.gateways.length];
    if (gateway === undefined) throw new Error('no node');
    const client = await lab.crowd.newcomer(gateway.node);
    const lease = await client.boot(PATIENCE);
    return { client, lease };
  });
  const newcomers = await Promise.all(booted);
  const seconds = secondsSince(begin);
  const sent = stop();
  for (const { client } of newcomers) client.release();
  const leased = newcomers.filter(({ lease }) => lease !== undefined).length;
  return {
    kept: leased === GUESTS,
    seen: `${leased} of ${GUESTS} new guests have leases after ${seconds} s, beside ${sent} DHCPDISCOVERs`,
  };
}

/** Returns a function that stops it and returns how many were sent. */
function startFlood(host: NamespaceHost): () => number {
  const link = new DhcpLink(host, DEVICE, { holderOf: () => undefined });
  const begin = Date.now();
  let sent = 0;
  let isOver = false;
  const timer = setInterval(() => {
    const due = ((Date.now() - begin) / 1000) * RATE;
    for (let count = 0; sent < due && count < 100; count += 1) {
      sent += 1;
      discoverFrom(link, (FIRST_HARDWARE + sent) as HardwareAddress, sent);
    }
  }, STEP_MILLISECONDS);
  return () => {
    if (!isOver) link.close();
    isOver = true;
    clearInterval(timer);
    return sent;
  };
}

function discoverFrom(link: DhcpLink, hardware: HardwareAddress, xid: number): void {
  const message = bootMessage({ op: BOOTREQUEST, type: 'DHCPDISCOVER', xid, hardware, options: [] });
  link.toServer(message, {
    sourceHardware: hardware,
    targetHardware: EVERYBODY,
    source: UNSPECIFIED,
    target: LIMITED_BROADCAST,
  });
}
