import type { Etcd, EtcdOperation, Transaction } from '../../src/store/etcd/client/etcd.ts';

/** Passes everything on, as it is. */
export class PassingEtcd implements Etcd {
  protected readonly etcd: Etcd;

  constructor(etcd: Etcd) {
    this.etcd = etcd;
  }

  transact(transaction: Transaction): ReturnType<Etcd['transact']> {
    return this.etcd.transact(transaction);
  }

  range(...question: Parameters<Etcd['range']>) {
    return this.etcd.range(...question);
  }

  watch(...question: Parameters<Etcd['watch']>) {
    return this.etcd.watch(...question);
  }

  grantEtcdLease(seconds: number) {
    return this.etcd.grantEtcdLease(seconds);
  }

  keepAlive(etcdLease: string) {
    return this.etcd.keepAlive(etcdLease);
  }

  revokeEtcdLease(etcdLease: string) {
    return this.etcd.revokeEtcdLease(etcdLease);
  }

  status() {
    return this.etcd.status();
  }

  statuses() {
    return this.etcd.statuses();
  }

  alarms() {
    return this.etcd.alarms();
  }

  compact(revision: number) {
    return this.etcd.compact(revision);
  }

  close() {
    this.etcd.close();
  }
}

/** A gateway that lags: its watches tell nothing. */
export class WithoutWatch extends PassingEtcd {
  override watch() {
    return { close: () => {} };
  }
}

/** What versions send that have no keys of the identities of reservations. */
export class WithoutIdentities extends PassingEtcd {
  override transact(transaction: Transaction) {
    return this.etcd.transact(withoutIdentities(transaction));
  }
}

function withoutIdentities(transaction: Transaction): Transaction {
  const kept = ({ key }: { readonly key: string }) => !key.includes('/rid/');
  const operations = (all: readonly EtcdOperation[]) =>
    all.flatMap((operation): EtcdOperation[] => {
      if (operation.kind !== 'transaction') return kept(operation) ? [operation] : [];
      return [{ ...operation, transaction: withoutIdentities(operation.transaction) }];
    });
  const { compare, success, failure } = transaction;
  return {
    compare: compare.filter(kept),
    success: operations(success),
    failure: operations(failure),
  };
}

/** A gateway that lags, and, from when it is deaf, cannot read a single key, such as that of a reservation. */
export class DeafToReservations extends WithoutWatch {
  isDeaf = false;

  override range(...question: Parameters<Etcd['range']>) {
    if (this.isDeaf) return Promise.reject(new Error('no answer'));
    return super.range(...question);
  }
}
