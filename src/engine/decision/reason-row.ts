/**
 * What kind of decision a reason stands for. A refusal is a DHCPNAK, or with `mayBeSilence` sometimes no answer.
 */
export type ReasonKind = 'reply' | 'refusal' | 'change' | 'wait' | 'silence';

export interface ReasonRow {
  readonly kind: ReasonKind;
  /** What happened: a sentence. */
  readonly means: string;
  /** What the operator can do about it, if anything. */
  readonly remedy?: string;
  /** Of refusals only: by the plan or the client's state, the client gets no answer instead of a DHCPNAK. */
  readonly mayBeSilence?: true;
  /** It is another server's business: nothing that the log tells unless it is asked to tell all. */
  readonly isOthers?: true;
  /** Somebody has ordered it: an operator, or a program in an operator's name. */
  readonly isOrdered?: true;
}
