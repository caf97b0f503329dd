import { GatewayError } from '../../../errors.ts';
import type { Clock } from '../../../lease/clock.ts';
import type { Say } from '../../../log/say.ts';
import { openMirror } from '../open-mirror.ts';
import type { SqliteStoreOptions } from '../open-sqlite-store.ts';
import type { SqliteMirror } from '../sqlite-mirror.ts';
import type { FromMirror, MirrorNotes, MirrorPort, ToMirror } from './mirror-messages.ts';

/** What the thread of a mirror's file is told at its start; all of it can be cloned. */
export type MirrorHostOptions = Pick<
  SqliteStoreOptions,
  'directory' | 'now' | 'seed' | 'node' | 'history' | 'lockWaitMilliseconds'
>;

/**
 * Runs in the thread of a mirror's file: opens it, says what it has, and writes what comes. A disk that hangs holds this
 * thread, and no other. `end` is called when the file is closed, or cannot be opened.
 */
export async function hostMirror(
  options: MirrorHostOptions,
  clock: Clock,
  port: MirrorPort<FromMirror, ToMirror>,
  end: () => void,
): Promise<void> {
  const say: Say = (level, fields, message) => port.post({ kind: 'say', level, fields, message });
  let mirror: SqliteMirror;
  try {
    mirror = await openMirror({ ...options, inFlight: new Set(), clock, say });
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    port.post({ kind: 'refused', code: error.code, message: error.message });
    end();
    return;
  }
  const { opening, position, clockNote, revisionTimes } = mirror;
  const [leases, reservations] = [mirror.leases(), mirror.reservations()];
  port.post({ kind: 'opened', opening, position, leases, reservations, clockNote, revisionTimes });
  port.hear((message) => {
    if (message.kind === 'close') {
      mirror.close();
      end();
      return;
    }
    for (const change of message.changes) mirror.put(change);
    take(mirror, message.notes);
    const isComplete = message.isUrgent && mirror.writeAll();
    port.post({ kind: 'taken', trouble: mirror.trouble, lacking: mirror.lacking, isComplete });
  });
}

function take(mirror: SqliteMirror, notes: MirrorNotes): void {
  const { position, quorum, clockNote, revisionTimes, reservations = [], completed } = notes;
  for (const change of reservations) mirror.putReservation(change);
  if (position !== undefined) mirror.reached(position);
  if (quorum !== undefined) mirror.noteQuorum(quorum.hasQuorum, quorum.now);
  if (clockNote !== undefined) mirror.noteClock(clockNote);
  if (revisionTimes !== undefined) mirror.noteRevisionTimes(revisionTimes);
  if (completed !== undefined) mirror.complete(completed);
}
