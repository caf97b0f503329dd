import { ownOptions } from '../../lease/reservation/own-options.ts';
import type { Reservation } from '../../lease/reservation/reservation.ts';
import { mtuIn } from '../../wire/mtu-in.ts';
import { OPTIONS } from '../../wire/options.ts';
import type { OptionBlock } from '../../wire/reply.ts';
import type { SubnetTexts } from '../gateway/options.ts';

/** What a guest is to use beside its address; null: the gateway says nothing of it. */
export interface GuestParameters extends Pick<SubnetTexts, 'prefix_length' | 'mask' | 'router' | 'dns'> {
  readonly mtu: number | null;
}

/** Those of the subnet, but for the options that the reservation has itself. */
export function parametersOf(
  { options }: Pick<Reservation, 'options'>,
  subnet: GuestParameters,
): GuestParameters {
  const { prefix_length, mask, router, dns, mtu } = subnet;
  const own = new Map(ownOptions(options).map(({ code, value }) => [code, value]));
  const [ownRouter] = addressesIn(own.get(OPTIONS.routers.code)) ?? [];
  return {
    ...{ prefix_length, mask },
    router: ownRouter ?? router,
    dns: addressesIn(own.get(OPTIONS.domainNameServers.code)) ?? dns,
    mtu: mtuIn(own.get(OPTIONS.interfaceMtu.code)) ?? mtu,
  };
}

function addressesIn(value: OptionBlock['value'] | undefined): readonly string[] | undefined {
  if (!(value instanceof Uint8Array)) return undefined;
  return Array.from({ length: value.length / 4 }, (_, index) =>
    value.slice(index * 4, index * 4 + 4).join('.'),
  );
}
