import { learnsCard } from '../../engine/order/put-reservation.ts';
import type { ReservationOrder } from '../../engine/order/reservation-order.ts';
import { guestPortOf } from '../../exchange/admission/client-rule-admission.ts';
import type { Observer } from '../../exchange/observer/observer.ts';
import type { GuestPorts } from '../../exchange/parts/exchange-parts.ts';
import type { Reservations } from '../../lease/reservation/reservation-view.ts';
import { isStation } from '../../net/hardware-address.ts';

/** Who has ordered what nobody has. */
const OURSELVES = 'gateway';

/**
 * Orders that the card of a guest that is known by its port is stored with its reservation, when it has its address: so that it is
 * known where ports are not seen.
 */
export function cardLearner(
  reservations: Reservations,
  guestPorts: Pick<GuestPorts, 'portOf'>,
  submit: (order: ReservationOrder) => void,
): Observer {
  return {
    decided: (message, _client, decision, outcome) => {
      if (decision.kind !== 'reply' || outcome !== 'committed' || reservations.isEmpty) return;
      if (decision.reply.type !== 'DHCPACK' || !isStation(message.hardware)) return;
      const found = reservations.at(decision.reply.yiaddr);
      if (found === undefined || found.retiredUntil !== undefined || !learnsCard(found)) return;
      if (reservations.ofHardware(message.hardware) !== undefined) return;
      const port = guestPortOf(message, guestPorts);
      if (port === undefined || reservations.ofPort(port) !== found) return;
      const { id } = found;
      submit({ kind: 'learn', id, card: message.hardware, author: OURSELVES, note: `seen at ${port}` });
    },
  };
}
