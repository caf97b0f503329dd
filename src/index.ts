/** The public surface, for programs that embed the gateway; `cli/serve/segment-server.ts` shows how the parts are joined. */

export { type LoadedSettings, loadSettings, type RejectedSettings } from './config/loading/load-settings.ts';
export type { Flags } from './config/loading/origins.ts';
export { planOfSettings } from './config/plan-of-settings.ts';
export { type Problem, problemToText } from './config/problem.ts';
export { type Environment, SETTINGS, type SettingKey, type Settings } from './config/settings.ts';
export { decide } from './engine/decide.ts';
export type { Decide, Decision, DecisionContext, Reason } from './engine/decision/decision.ts';
export { type ErrorCode, GatewayError } from './errors.ts';
export { relayDrop } from './exchange/admission/relay-admission.ts';
export type { DecisionOutcome, Observer } from './exchange/observer/observer.ts';
export type { RelayDrop } from './exchange/observer/relay-drop.ts';
export type { Clock } from './lease/clock.ts';
export type { Lease, LeaseRecord, LeaseState, OutsideIds } from './lease/lease.ts';
export type { LeaseChange, LeaseView, LeaseWrite } from './lease/lease-view.ts';
export { isOutsideId, type OutsideId } from './lease/outside-id.ts';
export { systemClock } from './lease/system-clock.ts';
export { LogOutput } from './log/log-output.ts';
export { createLogger, type Logger } from './log/logger.ts';
export type { Link } from './net/link.ts';
export type { ListenAddress } from './net/listen-address.ts';
export {
  type DecisionEvent,
  EventRing,
  type RefusedClientEvent,
  type RingEvent,
  type RogueServerEvent,
} from './reporting/event-ring.ts';
export type { Status } from './reporting/status.ts';
export { findListenAddress } from './server/listen/find-listen-address.ts';
export type { ListenAddressSearch } from './server/parts/listen-address-search.ts';
export type { Medium, ServerParts } from './server/parts/server-parts.ts';
export { Server } from './server/server.ts';
export type { LeaseStore, Outcome } from './store/lease-store.ts';
export { openSqliteStore } from './store/sqlite/open-sqlite-store.ts';
export type { Plan } from './subnet/plan.ts';
export type { Subnet } from './subnet/subnet.ts';
export { readInterfaces } from './transport/linux/interfaces.ts';
export { openTransport } from './transport/open-transport.ts';
export type { SegmentArp, Transport } from './transport/transport.ts';
export { decode } from './wire/decode.ts';
export type { Message } from './wire/message.ts';
