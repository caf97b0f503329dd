import type { LeaseStore } from '../store/lease-store.ts';
import type { RunningProblem } from './running-problem.ts';

/** @param isShared True: the leases are in etcd, and the file mirrors them. */
export function storeProblems(store: LeaseStore | undefined, isShared: boolean): readonly RunningProblem[] {
  const problems: RunningProblem[] = [];
  const disk = 'see to the disk of the leases directory (df, mount, dmesg); it goes on by itself';
  if (store?.failure !== undefined)
    problems.push({
      name: 'store',
      message: `leases cannot be stored: ${store.failure}`,
      remedy:
        store.isTaken === true
          ? ''
          : isShared
            ? 'see `vps-gateway cluster status`; it goes on by itself'
            : disk,
      stopsNewGuests: true,
    });
  if (store?.trouble !== undefined)
    problems.push({
      name: 'lease-file',
      message: `the lease file does not follow: ${store.trouble}`,
      remedy: disk,
      stopsNewGuests: false,
    });
  return problems;
}

/**
 * Reports a fault of the disk before a lease fails because of it.
 *
 * @param isShared True: the leases are in etcd, and new guests need no file.
 */
export function directoryProblem(fault: string, isShared: boolean): RunningProblem {
  return {
    name: 'directory',
    message: `nothing can be written in the leases directory: ${fault}`,
    remedy:
      'see to its disk (dmesg, mount, df); a file system that has become read-only is checked, then mounted anew: mount -o remount,rw',
    stopsNewGuests: !isShared,
  };
}
