import type { ClientName } from './guest-client.ts';

export interface LabGuest {
  readonly name: string;
  readonly client: ClientName;
  readonly hardware: string;
}

/** All that a lab has to tell, in the order in which it happens. */
export type LabEvent =
  | {
      readonly kind: 'segment';
      readonly router: string;
      readonly gateway: string;
      readonly guests: readonly LabGuest[];
    }
  | { readonly kind: 'missing'; readonly clients: readonly ClientName[]; readonly install: string }
  /** A decision of the gateway, from its log. */
  | {
      readonly kind: 'decision';
      readonly at: number;
      readonly message: string;
      readonly guest: string;
      readonly reason: string;
      readonly address: string | undefined;
    }
  /** Another line of the gateway's log. */
  | {
      readonly kind: 'gateway';
      readonly at: number;
      readonly level: string;
      readonly text: string;
      readonly fields: Readonly<Record<string, string>>;
    }
  /** What a guest's client was told. */
  | {
      readonly kind: 'lease';
      readonly at: number;
      readonly guest: string;
      readonly client: ClientName;
      readonly address: string;
      readonly router: string;
      readonly dns: string;
      readonly leaseSeconds: number;
      /** False: prolonged. */
      readonly isNew: boolean;
    }
  /** The rows of the view `leases` of the SQLite file. */
  | {
      readonly kind: 'rows';
      readonly file: string;
      readonly rows: readonly Readonly<Record<string, string | null>>[];
    }
  | { readonly kind: 'running'; readonly enter: readonly string[] }
  | {
      readonly kind: 'end';
      readonly leased: number;
      readonly without: readonly string[];
    };
