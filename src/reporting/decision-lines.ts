import type { Decision, Reason } from '../engine/decision/decision.ts';
import type { ReasonRow } from '../engine/decision/reason-row.ts';
import { REASONS } from '../engine/decision/reasons.ts';
import { type DecisionOutcome, mayLeave } from '../exchange/observer/observer.ts';
import type { ClientKey } from '../lease/client-key.ts';
import type { LineLimit } from '../log/allowance.ts';
import type { Log } from '../log/log.ts';
import { hardwareToText } from '../net/hardware-address.ts';
import { hexOf } from '../net/hex.ts';
import { type Ipv4, ipv4ToText } from '../net/ipv4.ts';
import type { Outcome } from '../store/lease-store.ts';
import type { Message } from '../wire/message.ts';
import { isFinal } from './counters.ts';
import { LineLimits, repeatedField } from './line-limits.ts';

/** For each reason of an answer: all guests of a large pool may start at the same time, and thousands renew each hour. */
export const SERVED_LIMIT: LineLimit = { burst: 1000, perSecond: 2 };
/** For each reason of a refusal or a silence. */
export const UNSERVED_LIMIT: LineLimit = { burst: 250, perSecond: 1 };
/** For all lines together, in octets: with the other lines of the log, less than a megabyte in any minute. */
export const OCTETS_LIMIT: LineLimit = { burst: 550_000, perSecond: 4000 };
/** Octets of a line without its fields; and of a line with an object of fields, without its client. */
const FRAME_OCTETS = 80;
const OBJECT_OCTETS = 320;

const ROWS: Readonly<Record<Reason, ReasonRow>> = REASONS;

/**
 * Logs one line for each decision. If a reason has too many lines, some are omitted, and the next line of that reason
 * counts them (`repeated`). At level debug no line is omitted.
 */
export class DecisionLines {
  readonly #log: Log;
  readonly #limits: LineLimits<Reason>;

  constructor(log: Log, monotonic: () => number) {
    this.#log = log;
    this.#limits = new LineLimits({ limitOf, octets: OCTETS_LIMIT, monotonic });
  }

  decided(message: Message, client: ClientKey, decision: Decision, outcome: DecisionOutcome): void {
    const { reason } = decision;
    const isInfo = isFinal(decision, outcome) && ROWS[reason].isOthers !== true;
    if (!this.#isEnabled(isInfo ? 'info' : 'debug')) return;
    const repeated = isInfo ? this.#admit(reason) : 0;
    if (repeated === undefined) return;
    const text = messageOf(decision, outcome);
    const level = isInfo ? 'info' : 'debug';
    if (this.#log.written === undefined) {
      this.#log[level](fieldsOf(message, client, decision, outcome, repeated), text);
      this.#limits.wrote(OBJECT_OCTETS + client.length);
      return;
    }
    const fields = jsonOf(message, client, decision, outcome, repeated);
    this.#log.written(level, fields, text);
    this.#limits.wrote(FRAME_OCTETS + fields.length);
  }

  ordered(decision: Decision, outcome: Outcome): void {
    const isInfo = outcome === 'committed';
    if (!this.#isEnabled(isInfo ? 'info' : 'debug')) return;
    const repeated = isInfo ? this.#admit(decision.reason) : 0;
    if (repeated === undefined) return;
    const write = decision.kind === 'wait' ? undefined : decision.change?.writes[0];
    const address = write === undefined ? undefined : ipv4ToText(write.address);
    const client = decision.kind === 'wait' ? undefined : decision.change?.client;
    const fields = { address, client, reason: decision.reason, outcome, ...repeatedField(repeated) };
    if (isInfo) this.#log.info(fields, 'changed');
    else this.#log.debug(fields, 'not changed');
    this.#limits.wrote(OBJECT_OCTETS + (client?.length ?? 0));
  }

  /** Call it about once a second. Reports omitted lines that no later line has counted. */
  check(): void {
    for (const [reason, repeated] of this.#limits.quiet()) this.#logOmitted(reason, repeated);
  }

  /** Call it before the log ends. */
  end(): void {
    for (const [reason, repeated] of this.#limits.rest()) this.#logOmitted(reason, repeated);
  }

  #logOmitted(reason: Reason, repeated: number): void {
    this.#log.info({ reason, repeated }, 'lines of this reason were left out');
    this.#limits.wrote(FRAME_OCTETS * 2);
  }

  #admit(reason: Reason): number | undefined {
    return this.#isEnabled('debug') ? 0 : this.#limits.admit(reason);
  }

  #isEnabled(level: 'debug' | 'info'): boolean {
    return this.#log.isLevelEnabled?.(level) ?? true;
  }
}

function limitOf(reason: Reason): LineLimit {
  const { kind } = ROWS[reason];
  return kind === 'reply' || kind === 'change' ? SERVED_LIMIT : UNSERVED_LIMIT;
}

function messageOf(decision: Decision, outcome: DecisionOutcome): string {
  if (!isFinal(decision, outcome)) return decision.kind === 'wait' ? 'waiting' : 'deciding again';
  if (outcome !== 'nothing' && outcome !== 'committed') return 'not stored';
  return decision.kind === 'reply' ? 'answered' : 'not answered';
}

function fieldsOf(
  message: Message,
  client: ClientKey,
  decision: Decision,
  outcome: DecisionOutcome,
  repeated: number,
): object {
  const address = addressOfDecision(message, decision);
  const other = decision.kind === 'wait' ? undefined : decision.other;
  return {
    message: message.type ?? 'BOOTP',
    client,
    hardware: hardwareToText(message.hardware),
    address: address === 0 ? undefined : ipv4ToText(address),
    reason: decision.reason,
    reply: replyOf(decision, outcome),
    xid: hexOf(message.xid),
    relay: relayOf(message.giaddr),
    other: other === undefined ? undefined : hardwareToText(other),
    outcome: outcome === 'committed' || outcome === 'nothing' ? undefined : outcome,
    ...repeatedField(repeated),
  };
}

/** The same fields as JSON: none of their values needs to be escaped. */
function jsonOf(
  message: Message,
  client: ClientKey,
  decision: Decision,
  outcome: DecisionOutcome,
  repeated: number,
): string {
  const address = addressOfDecision(message, decision);
  const other = decision.kind === 'wait' ? undefined : decision.other;
  let text = `"message":"${message.type ?? 'BOOTP'}","client":"${client}","hardware":"${hardwareToText(message.hardware)}"`;
  if (address !== 0) text += `,"address":"${ipv4ToText(address)}"`;
  text += `,"reason":"${decision.reason}"`;
  const reply = replyOf(decision, outcome);
  if (reply !== undefined) text += `,"reply":"${reply}"`;
  text += `,"xid":"${hexOf(message.xid)}"`;
  if (message.giaddr !== 0) text += `,"relay":"${ipv4ToText(message.giaddr)}"`;
  if (other !== undefined) text += `,"other":"${hardwareToText(other)}"`;
  if (outcome !== 'nothing' && outcome !== 'committed') text += `,"outcome":"${outcome}"`;
  if (repeated > 0) text += `,"repeated":${repeated}`;
  return text;
}

/** The address that the decision is about: it is granted, probed or written; else the one that the client names. */
export function addressOfDecision(message: Message, decision: Decision): Ipv4 {
  if (decision.kind === 'wait') return decision.address;
  if (decision.kind === 'reply' && decision.reply.yiaddr !== 0) return decision.reply.yiaddr;
  return decision.change?.writes[0]?.address ?? message.requestedAddress ?? message.ciaddr;
}

/** The type of the reply that is sent; undefined: none, since nothing was stored or the message is decided again. */
function replyOf(decision: Decision, outcome: DecisionOutcome): string | undefined {
  return decision.kind === 'reply' && mayLeave(outcome) ? decision.reply.type : undefined;
}

function relayOf(giaddr: Ipv4): string | undefined {
  return giaddr === 0 ? undefined : ipv4ToText(giaddr);
}
