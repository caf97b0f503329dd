import { openApi } from '../http/open-api.ts';
import { type Operation, operation } from '../http/operation.ts';
import { addressesRoute } from './addresses.ts';
import { clockRoutes } from './clock.ts';
import { eventsRoute } from './events.ts';
import { guestsRoute } from './guests.ts';
import { historyRoute } from './history.ts';
import { hostsRoute } from './hosts.ts';
import { importRoute } from './import-leases.ts';
import { infoRoute } from './info.ts';
import { leaseRoutes } from './leases.ts';
import { orderRoutes } from './orders.ts';
import { reconcileRoutes } from './reconcile.ts';
import { reservationOrderRoutes } from './reservation-orders.ts';
import { reservationReadRoutes } from './reservations.ts';
import type { RouteParts } from './route-parts.ts';
import { samplesRoute } from './samples.ts';
import { settingsRoutes } from './settings.ts';
import { warningsRoute } from './warnings.ts';

/** Every operation below /api/v1, for one segment. */
export function operationsOf(parts: RouteParts): readonly Operation[] {
  return [
    infoRoute(parts),
    ...settingsRoutes(parts),
    ...leaseRoutes(parts),
    guestsRoute(parts),
    historyRoute(parts),
    addressesRoute(parts),
    warningsRoute(parts),
    samplesRoute(parts),
    hostsRoute(parts),
    eventsRoute(parts),
    ...orderRoutes(parts),
    importRoute(parts),
    ...reconcileRoutes(parts),
    ...reservationReadRoutes(parts),
    ...reservationOrderRoutes(parts),
    ...clockRoutes(parts),
  ];
}

/** These operations, and the document that describes them. */
export function withDocument(operations: readonly Operation[], version: string): readonly Operation[] {
  const document = openApi(operations, version);
  const described = operation({
    method: 'get',
    path: '/openapi.json',
    name: 'getOpenApi',
    summary: 'This description, as OpenAPI 3.1',
    answer: 'application/json',
    run: async () => document,
  });
  return [...operations, described];
}
