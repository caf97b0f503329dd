import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import { nearestTo } from '../../config/nearest.ts';
import { REASONS } from '../../engine/decision/reasons.ts';
import { GatewayError } from '../../errors.ts';
import { hardwareToText } from '../../net/hardware-address.ts';
import { ipv4ToText } from '../../net/ipv4.ts';
import { type ApiOptions, apiCommand, apiOf } from '../api/api-command.ts';
import type { GatewayApi, Query } from '../api/gateway-api.ts';
import { addressFrom, countOf, macFrom } from '../lease-filter.ts';
import { type CommandSurroundings, surroundingsOfProcess } from '../surroundings.ts';
import { type SentEvent, sentEvents } from './event-frames.ts';
import { eventLine } from './event-line.ts';

/** Every decision is one; those of the kinds `lease` and `unknown_mac` are decisions too. */
const KINDS = 'decision,reservation,conflict,rogue,pool,peer,store';
/** Time between two attempts to reach a gateway that has gone: milliseconds. */
const RETRY = 1000;

interface Options extends ApiOptions {
  readonly kind?: string;
  readonly reason?: string;
  readonly mac?: string;
  readonly address?: string;
  readonly count?: string;
}

/** Adds `events`, which follows what happens until it is interrupted. */
export function addEventsCommand(program: Command, surroundings = surroundingsOfProcess()): void {
  apiCommand(program, 'events', 'follow what happens now: decisions, reservations, conflicts, what is wrong')
    .option('--kind <kinds>', 'only these, separated by commas: lease, unknown_mac, decision, pool, ...')
    .option('--reason <word>', 'only those with this reason word')
    .option('--mac <mac>', 'only those about this hardware address')
    .option('--address <address>', 'only those about this address')
    .option('--count <count>', 'end after so many')
    .action((options: Options) => follow(options, surroundings));
}

async function follow(options: Options, surroundings: CommandSurroundings): Promise<void> {
  const { output, environment, remark } = surroundings;
  const query = queryOf(options);
  const most = countOf('--count', options.count) ?? Number.POSITIVE_INFINITY;
  if (options.reason !== undefined) doubt(options.reason, remark);
  const api = apiOf(options, environment);
  let told = 0;
  for await (const event of eventsOf(api, query, remark)) {
    if (event.kind === 'missed') {
      remark(missedText(event));
      continue;
    }
    const { kind, data } = event;
    output.write(
      options.json === true ? `${JSON.stringify({ event: kind, ...data })}\n` : eventLine(output, event),
    );
    told += 1;
    if (told >= most) return;
  }
}

/** The events of a gateway, and of the next one that runs there. Only the first connection must succeed. */
async function* eventsOf(
  api: GatewayApi,
  query: Query,
  remark: (text: string) => void,
): AsyncGenerator<SentEvent> {
  let last: string | undefined;
  let state: 'new' | 'followed' | 'lost' = 'new';
  for (;;) {
    try {
      const answer = await api.open('/events', query, last === undefined ? {} : { 'last-event-id': last });
      remark(state === 'lost' ? 'the gateway is there again' : 'following; Ctrl-C ends it');
      state = 'followed';
      try {
        for await (const event of sentEvents(answer.setEncoding('utf8'))) {
          last = event.id ?? last;
          if (event.kind !== '') yield event;
        }
      } finally {
        answer.destroy();
      }
    } catch (error) {
      if (state === 'new' || !isOfConnection(error)) throw error;
    }
    if (state === 'followed') remark('the gateway has gone: waiting for it');
    state = 'lost';
    await delay(RETRY);
  }
}

/** True if another attempt may succeed. */
function isOfConnection(error: unknown): boolean {
  if (error instanceof GatewayError) return error.code === 'no-gateway';
  return error instanceof Error && 'code' in error;
}

function queryOf({ kind = KINDS, reason, mac, address }: Options): Query {
  return {
    kind,
    reason,
    mac: mac === undefined ? undefined : hardwareToText(macFrom('--mac ', mac)),
    address: address === undefined ? undefined : ipv4ToText(addressFrom('--address ', address)),
  };
}

/** A misspelt word would be waited for in vain. Warnings have words of their own, so it is no error. */
function doubt(word: string, remark: (text: string) => void): void {
  if (Object.hasOwn(REASONS, word)) return;
  const near = nearestTo(word, Object.keys(REASONS));
  const guess = near === undefined ? '`vps-gateway reasons` lists them' : `did you mean ${near}?`;
  remark(`--reason ${word}: no reason of a decision: ${guess}`);
}

function missedText({ data }: SentEvent): string {
  const { missed } = data;
  return typeof missed === 'number'
    ? `${missed} events came faster than they could be read, and are left out`
    : 'events of the time without a connection may be missing';
}
