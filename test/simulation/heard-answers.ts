import type { Clock } from '../../src/lease/clock.ts';

/** What was heard counts for so long: milliseconds. */
const WINDOW = 600_000;
/** So many machines at addresses where nobody was are a crowd in the small pools here, as docs/guests.md has it. */
const CROWD = 4;

/** By 'gateway/address', the machines that have answered that gateway by ARP, and when each did last: monotonic milliseconds. */
export type Answers = ReadonlyMap<string, ReadonlyMap<string, number>>;

/** Whom the gateways have heard by ARP. */
export class HeardAnswers {
  readonly #answers: Answers;
  readonly #clock: Pick<Clock, 'monotonic'>;
  /** By gateway, address and machine, when the last answer came that the gateway may have taken for a lie. */
  readonly #doubted = new Map<string, number>();

  constructor(answers: Answers, clock: Pick<Clock, 'monotonic'>) {
    this.#answers = answers;
    this.#clock = clock;
  }

  /** Whom a gateway has heard at an address beside one machine, within so many milliseconds, and when. */
  othersAt(gateway: string, address: string, mac: string, within: number): ReadonlyMap<string, number> {
    const now = this.#clock.monotonic();
    const all = [...(this.#answers.get(`${gateway}/${address}`) ?? [])];
    return new Map(all.filter(([other, at]) => other !== mac && now - at <= within));
  }

  /**
   * So many have answered a gateway since its start that it may hold them for one liar: as long as it has heard of no other
   * gateway, it knows of nobody who could have given them their addresses.
   */
  mayBeCrowd(gateway: string, startedAt: number): boolean {
    const since = Math.max(startedAt, this.#clock.monotonic() - WINDOW);
    const machines = new Set<string>();
    for (const [name, heard] of this.#answers) {
      if (!name.startsWith(`${gateway}/`)) continue;
      for (const [mac, at] of heard) if (at >= since) machines.add(mac);
    }
    return machines.size >= CROWD;
  }

  /** The gateway may take this answer, which comes now, for a lie. */
  doubt(gateway: string, address: string, mac: string): void {
    this.#doubted.set(`${gateway}/${address}/${mac}`, this.#clock.monotonic());
  }

  /** It may have taken the answer of that time for a lie, whatever it knows by now. */
  wasDoubted(gateway: string, address: string, mac: string, at: number): boolean {
    return this.#doubted.get(`${gateway}/${address}/${mac}`) === at;
  }
}
