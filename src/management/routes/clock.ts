import { z } from 'zod';
import type { ClockStatus } from '../../detection/clock-status.ts';
import { type Operation, operation } from '../http/operation.ts';
import { unavailable } from '../http/problem.ts';
import { REASON } from './orders.ts';
import type { RouteParts } from './route-parts.ts';

const CLOCK = z.object({
  trusted: z.boolean(),
  now: z.string().meta({ format: 'date-time' }),
  ends_in_seconds: z.number().nullable(),
  meaning: z.string(),
  remedy: z.string().nullable(),
});

const TRUST = z.strictObject({ reason: REASON.optional() });

export function clockRoutes({ gateway }: RouteParts): readonly Operation[] {
  return [
    operation({
      method: 'get',
      path: '/clock',
      name: 'getClock',
      summary: 'Whether the gateway trusts its clock',
      answer: CLOCK,
      run: async () => clockOf(await gateway.clock()),
    }),
    operation({
      method: 'post',
      path: '/clock/trust',
      name: 'trustClock',
      summary: 'Your word that the time is right now: it ends the doubt',
      answer: CLOCK,
      body: TRUST,
      run: async ({ author, body: { reason } }) =>
        clockOf(await gateway.trustClock({ author, ...(reason !== undefined && { note: reason }) })),
    }),
  ];
}

function clockOf(status: ClockStatus | null): z.output<typeof CLOCK> {
  if (status === null) throw unavailable('stopped', 'the gateway is starting or ending');
  const { trusted, now, endsInSeconds, meaning, remedy } = status;
  return { trusted, now, ends_in_seconds: endsInSeconds, meaning, remedy };
}
