import { inCommon } from '../config/loading/changed-settings.ts';
import { changedSegments, type RefusedChange } from '../config/needs-restart.ts';
import type { Adoption, Declaration } from './declaration/declaration.ts';
import type { Adopter } from './declaration/reload.ts';

/** What each segment is to serve, by its name. */
export type Declarations = ReadonlyMap<string, Declaration>;

/** The servers of one process, one for each segment, which take other settings over together, or none of them does. */
export class SeveralServers implements Adopter<Declarations> {
  readonly #servers: ReadonlyMap<string, Adopter>;
  #current: Declarations;

  constructor(servers: ReadonlyMap<string, Adopter>, current: Declarations) {
    this.#servers = servers;
    this.#current = current;
  }

  refusals(next: Declarations): readonly RefusedChange[] {
    const others = changedSegments([...this.#current.keys()], [...next.keys()]);
    if (others !== undefined) return [others];
    return inCommon(
      [...this.#servers].map(([name, server]) => {
        const declaration = next.get(name);
        return { name, found: declaration === undefined ? [] : server.refusals(declaration) };
      }),
    );
  }

  faults(next: Declarations): readonly string[] {
    return [...this.#servers].flatMap(([name, server]) => {
      const declaration = next.get(name);
      const faults = declaration === undefined ? [] : server.faults(declaration);
      return faults.map((fault) => (name === '' ? fault : `${name}: ${fault}`));
    });
  }

  /** @throws Error what a server throws; those that had adopted it have taken it back. */
  async adopt(next: Declarations): Promise<Adoption> {
    const refusals = this.refusals(next);
    if (refusals.length > 0) return { kind: 'refused', refusals };
    const done: string[] = [];
    try {
      for (const [name, server] of this.#servers) {
        const declaration = next.get(name);
        const adoption = declaration && (await server.adopt(declaration));
        if (adoption?.kind === 'refused') {
          await this.#takeBack(done);
          return { kind: 'refused', refusals: adoption.refusals.map((one) => ({ segment: name, ...one })) };
        }
        done.push(name);
      }
    } catch (error) {
      await this.#takeBack(done);
      throw error;
    }
    this.#current = next;
    return { kind: 'adopted' };
  }

  show(next: Declarations): void {
    this.#current = next;
    for (const [name, server] of this.#servers) {
      const declaration = next.get(name);
      if (declaration !== undefined) server.show(declaration);
    }
  }

  /** A server may refuse in the end what it did not refuse before: its listen address may have changed meanwhile. */
  async #takeBack(names: readonly string[]): Promise<void> {
    for (const name of names) {
      const before = this.#current.get(name);
      if (before !== undefined) await this.#servers.get(name)?.adopt(before);
    }
  }
}
