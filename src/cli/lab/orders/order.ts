/** Whether a promise was kept, and what was seen. */
export interface StepResult {
  readonly kept: boolean;
  readonly seen: string;
}

/** Something that is done to the lab, and what is promised then. */
export interface LabStep {
  readonly title: string;
  /** For the table at the end. */
  readonly promise: string;
  /** What should happen, and to whom. */
  says(): string | Promise<string>;
  /** Does it, and observes what happens. */
  does(progress: (text: string) => void): Promise<StepResult>;
}

/** A part of the lab that an order may take away until it is undone. */
export type Part = 'gateway' | 'network' | 'member';

/** An order that a key gives. With `undo` the next press of the key ends it. */
export interface LabOrder extends LabStep {
  readonly name: string;
  readonly key: string;
  /** Why it cannot be given in this lab; undefined: it can. */
  readonly hindrance?: string | undefined;
  readonly undo?: LabStep;
  /** The part that it takes away until it is undone. */
  readonly takes?: Part;
  /** The parts that must be there: without them the promise cannot be kept. */
  readonly needs: readonly Part[];
}

/** `it takes --nodes 2 at least`; undefined: there are enough. */
export function needsNodes(there: number, wanted: number): string | undefined {
  return there >= wanted ? undefined : `it takes --nodes ${wanted} at least`;
}
