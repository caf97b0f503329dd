import type { GuestSoftware } from '../guests/guest.ts';
import type { ClientName } from '../guests/guest-client.ts';
import type { Joining } from '../nodes/node-network.ts';

export interface ShownGuest {
  readonly name: string;
  readonly client: GuestSoftware;
  readonly hardware: string;
  /** By its bridge, as Proxmox would call it. */
  readonly port: string;
}

export interface ShownNode {
  readonly name: string;
  readonly address: string;
  readonly guests: readonly ShownGuest[];
}

/** An order as the help shows it. */
export interface ShownOrder {
  readonly key: string;
  readonly title: string;
  /** Why it cannot be given in this lab. */
  readonly hindrance: string | undefined;
}

/** A promise of the table at the end. undefined: it was not tried, and `seen` says why. */
export interface TriedPromise {
  readonly order: string;
  readonly promise: string;
  readonly kept: boolean | undefined;
  readonly seen: string;
}

/** What a guest has, and from whom. */
export interface HeldLease {
  readonly guest: string;
  readonly node: string;
  readonly client: GuestSoftware;
  readonly hardware: string;
  readonly address: string | undefined;
  /** Which gateway's; undefined: no lease, or none of ours. */
  readonly from: string | undefined;
}

/** All that a lab has to tell, in the order in which it happens. */
export type LabEvent =
  | {
      readonly kind: 'segment';
      readonly router: string;
      readonly joining: Joining;
      /** Members of etcd; 0: there is none. */
      readonly members: number;
      readonly nodes: readonly ShownNode[];
    }
  | { readonly kind: 'missing'; readonly clients: readonly ClientName[]; readonly install: string }
  /** A decision of a gateway about a guest, from its log. */
  | {
      readonly kind: 'decision';
      readonly at: number;
      readonly node: string;
      readonly message: string;
      readonly guest: string;
      readonly reason: string;
      readonly address: string | undefined;
    }
  /** Another line of a gateway's log. */
  | {
      readonly kind: 'gateway';
      readonly at: number;
      readonly node: string;
      readonly level: string;
      readonly text: string;
      readonly fields: Readonly<Record<string, string>>;
    }
  /** What a guest's client was told. */
  | {
      readonly kind: 'lease';
      readonly at: number;
      readonly guest: string;
      readonly client: GuestSoftware;
      readonly address: string;
      /** The gateway that gave it; its address if it is none of ours. */
      readonly from: string;
      readonly router: string;
      readonly dns: string;
      readonly leaseSeconds: number;
      /** False: prolonged. */
      readonly isNew: boolean;
    }
  /** Who has what from whom, how many more have a lease, and the rows of one node's lease file. */
  | {
      readonly kind: 'rows';
      readonly leases: readonly HeldLease[];
      readonly others: number;
      readonly file: string;
      readonly rows: readonly Readonly<Record<string, string | null>>[];
    }
  /** How shells on its machines are opened. */
  | {
      readonly kind: 'running';
      readonly enter: readonly { readonly machine: string; readonly command: string }[];
    }
  /** A link to the web page, for one browser; undefined: there is no page. */
  | { readonly kind: 'page'; readonly link: string | undefined }
  | { readonly kind: 'help'; readonly orders: readonly ShownOrder[] }
  /** An order is given: what should happen. */
  | { readonly kind: 'order'; readonly at: number; readonly title: string; readonly expected: string }
  /** On the way. */
  | { readonly kind: 'progress'; readonly at: number; readonly text: string }
  /** What did happen. */
  | {
      readonly kind: 'outcome';
      readonly at: number;
      readonly title: string;
      readonly kept: boolean;
      readonly seen: string;
      readonly milliseconds: number;
    }
  | { readonly kind: 'promises'; readonly promises: readonly TriedPromise[] }
  | {
      readonly kind: 'end';
      readonly leased: number;
      readonly without: readonly string[];
    };
