import type { Lab } from '../lab.ts';
import { bootMany } from './boot-many.ts';
import { cloneGuest } from './clone-guest.ts';
import { cutNode } from './cut-node.ts';
import { flood } from './flood.ts';
import { killGateway } from './kill-gateway.ts';
import { killLeader } from './kill-leader.ts';
import { migrateGuest } from './migrate-guest.ts';
import type { LabOrder } from './order.ts';
import { pinGuest } from './pin-guest.ts';
import { startRogue } from './start-rogue.ts';

/** All orders, in the order of the help and of the script. */
export function ordersOf(lab: Lab): readonly LabOrder[] {
  return [
    bootMany(lab),
    killGateway(lab),
    cutNode(lab),
    killLeader(lab),
    migrateGuest(lab),
    startRogue(lab),
    cloneGuest(lab),
    flood(lab),
    pinGuest(lab),
  ];
}
