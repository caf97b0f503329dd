import { readFile, stat } from 'node:fs/promises';
import type { Clock } from '../../../lease/clock.ts';
import type { Instant } from '../../../lease/lease.ts';
import type { Say } from '../../../log/say.ts';
import {
  CERTIFICATE_PARTS,
  type CertificateBytes,
  type CertificateFault,
  type CertificateFiles,
  type CertificatePart,
  type CertificateUse,
  certificateEndOf,
  FOR_ETCD,
  faultsOf,
  type ReadFiles,
  refuseSpecial,
} from './certificate-files.ts';

/** A fault of a file, by the setting that names it. */
export interface CertificateProblem {
  readonly message: string;
  readonly remedy: string;
}

/** Time between two looks at the files and the dates: milliseconds. */
const LOOK_EVERY = 10_000;
/** Files that do not fit each other are read again after: milliseconds. They are reported if they still do not fit. */
const MISFIT_AFTER = 3000;

/**
 * The certificates for the connections to etcd, or those that the API shows, as the files have them now. New files are used
 * from the next connection on; an open connection stays. A certificate without its key, or half a file, changes nothing: the
 * last ones that fitted are kept until the new ones fit.
 */
export class Certificates {
  readonly #files: CertificateFiles;
  readonly #clock: Clock;
  readonly #say: Say;
  readonly #use: CertificateUse;
  readonly #adopted: () => void;
  #current: CertificateBytes = {};
  #read: ReadFiles = {};
  /** Identifies the versions of the files that were read last. */
  #stamp = '';
  #looking: Promise<void> | undefined;
  #faults: readonly CertificateFault[] = [];
  /** Since when the files cannot be used: monotonic milliseconds. undefined: they can. */
  #misfitSince: number | undefined;
  #said: ReadonlySet<string> = new Set();
  #cancelLook = () => {};
  #isClosed = false;

  /** @param adopted Called when another certificate is used than before. */
  constructor(
    files: CertificateFiles,
    clock: Clock,
    say: Say,
    use = FOR_ETCD,
    adopted: () => void = () => undefined,
  ) {
    this.#use = use;
    this.#adopted = adopted;
    this.#files = files;
    this.#clock = clock;
    this.#say = say;
  }

  /** The certificates for the next handshake. */
  get current(): CertificateBytes {
    return this.#current;
  }

  get files(): CertificateFiles {
    return this.#files;
  }

  /** The faults of the files as they are now, whether or not they are used. */
  get faults(): readonly CertificateFault[] {
    return this.#faults;
  }

  /** When the certificates that are used end: wall-clock milliseconds. Of several in one file the one that ends first counts. */
  get ends(): readonly { readonly file: string; readonly endsAt: Instant }[] {
    return (['ca', 'cert'] as const).flatMap((part) => {
      const [file, pem] = [this.#files[part], this.#current[part]];
      const endsAt = pem === undefined ? undefined : certificateEndOf(part, pem);
      return file === undefined || endsAt === undefined ? [] : [{ file, endsAt }];
    });
  }

  /** What an operator should know. A message stays the same as long as its cause does. */
  get problems(): readonly CertificateProblem[] {
    const isLasting =
      this.#misfitSince === undefined || this.#clock.monotonic() - this.#misfitSince >= MISFIT_AFTER;
    return this.#faults
      .filter(({ kind }) => kind !== 'unusable' || isLasting)
      .map((fault) => this.#problemOf(fault));
  }

  /** Reads the files if they have changed, and judges their dates. Never rejects. */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  /** Looks at the files from time to time until `close`, and logs faults and changes. */
  watch(): void {
    this.#cancelLook();
    if (this.#isClosed) return;
    this.#sayProblems();
    const wait = this.#misfitSince === undefined ? LOOK_EVERY : MISFIT_AFTER;
    this.#cancelLook = this.#clock.after(wait, () => void this.look().then(() => this.watch()));
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelLook();
  }

  async #look(): Promise<void> {
    const stamp = await this.#stampOf();
    const isFirst = this.#stamp === '';
    if (stamp !== this.#stamp) {
      this.#read = await this.#readAll();
      this.#stamp = stamp;
    }
    this.#faults = faultsOf(this.#files, this.#read, this.#clock.now(), this.#use);
    const unusable = new Set(this.#faults.filter(({ kind }) => kind === 'unusable').map(({ part }) => part));
    if (unusable.size === 0) this.#misfitSince = undefined;
    else this.#misfitSince ??= this.#clock.monotonic();
    if (!unusable.has('ca')) this.#adopt(['ca'], isFirst);
    if (!unusable.has('cert') && !unusable.has('key')) this.#adopt(['cert', 'key'], isFirst);
  }

  #adopt(parts: readonly CertificatePart[], isFirst: boolean): void {
    const adopted = { ...this.#current };
    let hasChanged = false;
    for (const part of parts) {
      const bytes = this.#read[part];
      if (bytes === undefined || bytes instanceof Error) continue;
      const isNew = adopted[part]?.equals(bytes) !== true;
      adopted[part] = bytes;
      hasChanged ||= isNew;
      if (isNew && !isFirst && part !== 'key')
        this.#say('info', { file: this.#files[part] }, this.#use.words.adopted);
    }
    this.#current = adopted;
    if (hasChanged) this.#adopted();
  }

  #sayProblems(): void {
    const { problems } = this;
    for (const { message: cause, remedy } of problems)
      if (!this.#said.has(cause)) this.#say('warn', { cause, remedy }, this.#use.words.faulty);
    if (problems.length === 0 && this.#said.size > 0) this.#say('info', {}, this.#use.words.sound);
    this.#said = new Set(problems.map(({ message }) => message));
  }

  async #readAll(): Promise<ReadFiles> {
    const entries = CERTIFICATE_PARTS.map(async (part) => {
      const file = this.#files[part];
      if (file === undefined) return [];
      const read = stat(file).then((found) => {
        refuseSpecial(found, found.size);
        return readFile(file);
      });
      return [[part, await read.catch((error: Error) => error)] as const];
    });
    return Object.fromEntries((await Promise.all(entries)).flat());
  }

  /** A text that changes whenever one of the files does. */
  async #stampOf(): Promise<string> {
    const stamps = CERTIFICATE_PARTS.map(async (part) => {
      const file = this.#files[part];
      if (file === undefined) return '-';
      const found = await stat(file, { bigint: true }).catch((error: Error) => error);
      if (found instanceof Error) return found.message;
      return `${found.dev}:${found.ino}:${found.size}:${found.mtimeNs}:${found.ctimeNs}`;
    });
    return (await Promise.all(stamps)).join(' ');
  }

  #problemOf({ part, message, remedy }: CertificateFault): CertificateProblem {
    return { message: `${this.#use.variables[part]} '${this.#files[part]}' ${message}`, remedy };
  }
}
