/** What was seen of a promise. */
export interface Seen {
  readonly kept: boolean;
  readonly seen: string;
}

/** Something that is done to the lab, and what is promised then. */
export interface Step {
  readonly title: string;
  /** For the table at the end. */
  readonly promise: string;
  /** What should happen, and to whom. */
  says(): string | Promise<string>;
  /** Does it, and looks what happens. */
  does(progress: (text: string) => void): Promise<Seen>;
}

/** A part of the lab that an order may take away until it is undone. */
export type Part = 'gateway' | 'network' | 'member';

/** An order that a key gives. With `undo` the next press of the key ends it. */
export interface Order extends Step {
  readonly name: string;
  readonly key: string;
  /** Why it cannot be given in this lab; undefined: it can. */
  readonly hindrance?: string | undefined;
  readonly undo?: Step;
  /** What is missing until it is undone. */
  readonly takes?: Part;
  /** What must not be missing, or what is seen says nothing of the promise. */
  readonly needs: readonly Part[];
}

/** `only one node: --nodes 2` */
export function needsNodes(there: number, wanted: number): string | undefined {
  return there >= wanted ? undefined : `it takes --nodes ${wanted} at least`;
}
