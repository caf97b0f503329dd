import type { Clock } from '../../../lease/clock.ts';
import type { ClockNote } from '../../../lease/clock-note.ts';
import { type Instant, instant } from '../../../lease/lease.ts';
import type { OutsideId } from '../../../lease/outside-id.ts';
import type { Reservation } from '../../../lease/reservation/reservation.ts';
import type { Say } from '../../../log/say.ts';
import type { Ipv4 } from '../../../net/ipv4.ts';
import type {
  KeptLease,
  Mirror,
  MirroredChange,
  MirroredReservation,
  MirrorPosition,
  Replaced,
  RevisionTime,
} from '../../mirror.ts';
import { ChangeQueue, keptOver, sayLostRows } from '../change-queue.ts';
import type { Lacking } from '../maintenance/mirror-file.ts';
import type { Opening } from '../opening.ts';
import { CarryRequests } from './carry-requests.ts';
import { DiskSilence, HANGS } from './disk-silence.ts';
import type { FromMirror, MirrorContents, MirrorThreadPort } from './mirror-messages.ts';
import { WaitingNotes } from './waiting-notes.ts';

/** Changes that come in so long go to the other thread together: milliseconds. */
const TOGETHER = 50;
/** How often the other thread is asked for a sign of life, if nothing else is said: milliseconds. */
const LOOK = 500;
/** Changes of one message: so long as it is cloned, no packet is read. */
const MOST_CHANGES = 256;

const REMEDY =
  "see to the disk of the leases directory (dmesg, iostat -x); guests are served from etcd's leases";

export interface RemoteMirrorParts {
  readonly port: MirrorThreadPort;
  readonly clock: Clock;
  readonly say: Say;
}

/**
 * A mirror whose file is written by another thread, so that a disk that hangs holds no packet. What the mirror has is in
 * this thread's memory too: nothing here ever waits for the disk, but for its end, and that for a bounded time.
 */
export class RemoteMirror implements Mirror {
  readonly opening: Opening;
  readonly #port: MirrorThreadPort;
  readonly #clock: Clock;
  readonly #say: Say;
  readonly #leases: Map<Ipv4, KeptLease>;
  readonly #reservations: Map<OutsideId, Reservation>;
  readonly #changes = new ChangeQueue();
  readonly #carries: CarryRequests;
  readonly #silence: DiskSilence;
  #position: MirrorPosition | undefined;
  #clockNote: ClockNote | undefined;
  #revisionTimes: readonly RevisionTime[];
  readonly #notes = new WaitingNotes();
  /** The loss of leases in the file that was mended last. */
  #completed: Lacking | undefined;
  /** As the other thread said last. */
  #trouble: string | undefined;
  #hangsFor = 0;
  #failure: string | undefined;
  #hasEnded = false;
  #ending: Promise<void> | undefined;
  #whenHeard: () => void = () => {};
  #cancelPost: (() => void) | undefined;
  #cancelLook: () => void = () => {};

  constructor({ port, clock, say }: RemoteMirrorParts, contents: MirrorContents) {
    this.opening = contents.opening;
    this.#port = port;
    this.#clock = clock;
    this.#say = say;
    this.#leases = new Map(contents.leases.map((lease) => [lease.address, lease]));
    this.#reservations = new Map(contents.reservations.map((one) => [one.id, one]));
    this.#position = contents.position;
    this.#clockNote = contents.clockNote;
    this.#revisionTimes = contents.revisionTimes;
    this.#silence = new DiskSilence(clock, LOOK);
    this.#carries = new CarryRequests(clock);
    port.hear((message) => this.#hear(message));
    this.#scheduleLook();
  }

  get position(): MirrorPosition | undefined {
    return this.#position;
  }

  get clockNote(): ClockNote | undefined {
    return this.#clockNote;
  }

  get revisionTimes(): readonly RevisionTime[] {
    return this.#revisionTimes;
  }

  get trouble(): string | undefined {
    if (this.#failure !== undefined) return this.#failure;
    if (this.#hangsFor < HANGS) return this.#trouble;
    return `its disk has not answered for ${Math.floor(this.#hangsFor / 1000)} s`;
  }

  leases(): readonly KeptLease[] {
    return [...this.#leases.values()].sort((one, other) => one.address - other.address);
  }

  put({ before, after, reason }: MirroredChange): void {
    if (after.state === 'offered') return;
    const { address } = after;
    this.#leases.set(address, keptOver(this.#leases.get(address), after));
    this.#changes.push({ before: before && replacedOf(before), after, reason });
    this.#schedule();
  }

  reservations(): readonly Reservation[] {
    return [...this.#reservations.values()];
  }

  putReservation(change: MirroredReservation): void {
    const { id, after } = change;
    if (after === undefined) this.#reservations.delete(id);
    else this.#reservations.set(id, after);
    this.#notes.noteReservations([change]);
    this.#schedule();
  }

  reached(position: MirrorPosition): void {
    const before = this.#position;
    if (before?.revision === position.revision && before.generation === position.generation) return;
    this.#position = position;
    this.#notes.note({ position });
    this.#schedule();
  }

  noteQuorum(hasQuorum: boolean, now: Instant): void {
    this.#notes.note({ quorum: { hasQuorum, now } });
    this.#schedule();
  }

  noteClock(note: ClockNote): void {
    this.#clockNote = note;
    this.#notes.noteClock(note);
    this.#schedule();
  }

  noteRevisionTimes(notes: readonly RevisionTime[]): void {
    this.#revisionTimes = notes;
    this.#notes.note({ revisionTimes: notes });
    this.#schedule();
  }

  carry(milliseconds: number): Promise<boolean> {
    if (this.#hasEnded || this.#ending !== undefined) return Promise.resolve(false);
    const carried = this.#carries.add(milliseconds);
    this.#post();
    return carried;
  }

  /** All that was put is in the file then; where its disk hangs, that is not waited for longer than it may hang. */
  close(): Promise<void> {
    this.#ending ??= this.#close();
    return this.#ending;
  }

  #schedule(): void {
    if (this.#cancelPost !== undefined || this.#silence.isOwed) return;
    this.#cancelPost = this.#clock.after(TOGETHER, () => {
      this.#cancelPost = undefined;
      this.#post();
    });
  }

  /** One message is under way at a time: while the other thread is held, what comes waits here, in a bounded room. */
  #post(): void {
    if (this.#silence.isOwed || this.#hasEnded || this.#ending !== undefined) return;
    this.#write();
    this.#silence.asked();
  }

  #write(): void {
    const changes = this.#changes.first(MOST_CHANGES);
    this.#changes.drop(changes.length);
    // What is said of all changes goes with the last of them.
    const notes = this.#changes.size === 0 ? this.#notes.take() : {};
    const isUrgent = this.#changes.size === 0 && this.#carries.send();
    this.#port.post({ kind: 'write', changes, notes, isUrgent });
  }

  #hear(message: FromMirror): void {
    if (message.kind === 'taken') this.#taken(message);
    else if (message.kind === 'say') this.#say(message.level, message.fields, message.message);
    else if (message.kind === 'failed') this.#fail(message.error);
    else if (message.kind === 'ended') this.#hasNoThread();
    this.#whenHeard();
  }

  #taken({ trouble, lacking, isComplete }: Extract<FromMirror, { kind: 'taken' }>): void {
    this.#trouble = trouble;
    this.#carries.answered(isComplete);
    if (lacking !== undefined && lacking !== this.#completed) this.#putAll(lacking);
    this.#answered(this.#silence.answered());
    sayLostRows(this.#changes, this.#say);
    if (this.#changes.size > 0 || this.#carries.isAsked) this.#post();
    else if (!this.#notes.isEmpty) this.#schedule();
  }

  /** No row of the history tells of it: each goes over itself, as one that still ran. */
  #putAll(loss: Lacking): void {
    this.#completed = loss;
    this.#notes.note({ completed: loss });
    for (const after of this.#leases.values()) {
      const expiresAt = instant(after.updatedAt + 1);
      this.#changes.push({ before: replacedOf({ ...after, expiresAt }), after, reason: '' });
    }
    const all = [...this.#reservations.values()];
    this.#notes.noteReservations(all.map((after) => ({ id: after.id, before: after, after, reason: '' })));
  }

  #answered(took: number): void {
    this.#hangsFor = 0;
    if (took < HANGS) return;
    const seconds = Math.round(took / 100) / 10;
    this.#say('warn', { seconds, remedy: REMEDY }, 'the disk of the lease file hung, and answers again');
  }

  #hasNoThread(): void {
    if (!this.#hasEnded && this.#ending === undefined) this.#fail(new Error('its thread has ended'));
    this.#hasEnded = true;
  }

  #fail(error: Error): void {
    this.#hasEnded = true;
    this.#failure = 'what writes it has failed: restart this gateway';
    this.#say('error', { file: this.opening.file, err: error }, 'the lease file is not written any more');
  }

  #scheduleLook(): void {
    this.#cancelLook = this.#clock.after(LOOK, () => {
      this.#hangsFor = this.#silence.look();
      this.#post();
      this.#scheduleLook();
    });
  }

  async #close(): Promise<void> {
    this.#cancelPost?.();
    this.#cancelLook();
    if (this.#hasEnded) return;
    while (this.#changes.size > 0) this.#write();
    this.#write();
    this.#port.post({ kind: 'close' });
    const patience = Math.max(0, HANGS - this.#silence.look());
    if (await this.#isEnded(patience)) return;
    this.#say(
      'warn',
      { remedy: REMEDY },
      'the lease file could not be closed: its disk hangs; etcd has all leases',
    );
  }

  /** False: nothing was heard for so long. */
  #isEnded(patience: number): Promise<boolean> {
    return new Promise((resolve) => {
      let cancel = this.#clock.after(patience, () => resolve(false));
      this.#whenHeard = () => {
        cancel();
        if (this.#hasEnded) resolve(true);
        else cancel = this.#clock.after(HANGS, () => resolve(false));
      };
    });
  }
}

/** Of a record, what the other thread needs. */
function replacedOf({ client, state, expiresAt }: Replaced): Replaced {
  return { client, state, expiresAt };
}
