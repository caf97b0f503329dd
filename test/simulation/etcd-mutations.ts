import type { Compare, Etcd, EtcdOperation, Transaction } from '../../src/store/etcd/client/etcd.ts';
import { PassingEtcd } from '../support/passing-etcd.ts';

/** Changes the operations in what a transaction reads when it is sent again. */
export class Forgetful extends PassingEtcd {
  readonly #change: (own: string, found: string) => string;
  readonly #sent = new WeakSet<Transaction>();

  constructor(etcd: Etcd, change: (own: string, found: string) => string) {
    super(etcd);
    this.#change = change;
  }

  override async transact(transaction: Transaction) {
    const isAgain = this.#sent.has(transaction);
    this.#sent.add(transaction);
    const whole = await this.etcd.transact(transaction);
    if (!isAgain) return whole;
    const results = whole.results.map((nested, index) => {
      const operation = transaction.success[index];
      if (nested.kind !== 'transaction' || nested.result.succeeded || operation?.kind !== 'transaction')
        return nested;
      const own = operationOf(operation.transaction.success);
      const read = nested.result.results.map((each) => {
        if (each.kind !== 'get' || each.found === undefined) return each;
        const text = Buffer.from(each.found.value).toString('utf8');
        const value = Buffer.from(
          text.replace(/"op":"([^"]*)"/, (_, op) => `"op":"${this.#change(own, op)}"`),
        );
        return { ...each, found: { ...each.found, value } };
      });
      return { ...nested, result: { ...nested.result, results: read } };
    });
    return { ...whole, results };
  }
}

/** Leaves out comparisons of what is written to addresses. */
export class Uncompared extends PassingEtcd {
  readonly #isLeftOut: (compare: Compare) => boolean;

  constructor(etcd: Etcd, isLeftOut: (compare: Compare) => boolean) {
    super(etcd);
    this.#isLeftOut = isLeftOut;
  }

  override transact(transaction: Transaction) {
    const success = transaction.success.map((operation): EtcdOperation => {
      if (operation.kind !== 'transaction' || !operation.transaction.success.some(isOfAddress))
        return operation;
      const compare = operation.transaction.compare.filter((each) => !this.#isLeftOut(each));
      return { ...operation, transaction: { ...operation.transaction, compare } };
    });
    return this.etcd.transact({ ...transaction, success });
  }
}

/** A reservation is not written into the key of its address. */
export class Unmarked extends PassingEtcd {
  override transact(transaction: Transaction) {
    const success = transaction.success.map((operation): EtcdOperation => {
      if (operation.kind !== 'transaction' || !operation.transaction.success.some(isOfReservation))
        return operation;
      const writes = operation.transaction.success.filter((each) => !isOfAddress(each));
      return { ...operation, transaction: { ...operation.transaction, success: writes } };
    });
    return this.etcd.transact({ ...transaction, success });
  }
}

function isOfReservation(operation: EtcdOperation): boolean {
  return operation.kind !== 'transaction' && operation.key.includes('/rs/');
}

function isOfAddress(operation: EtcdOperation): boolean {
  return operation.kind === 'put' && operation.key.includes('/ip/');
}

export const forget = () => 'forgotten';
export const claim = (own: string, found: string) => (own === '' ? found : own);

function operationOf(success: readonly EtcdOperation[]): string {
  for (const operation of success) {
    if (operation.kind !== 'put') continue;
    const op = /"op":"([^"]*)"/.exec(Buffer.from(operation.value).toString('utf8'))?.[1];
    if (op !== undefined) return op;
  }
  return '';
}
