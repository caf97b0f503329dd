import { connection, summary } from '../api/connection.js';
import { useSignal } from './use-signal.js';

/**
 * Whether actions can be pressed now, and if not, why not.
 *
 * @returns {{ isOn: boolean, why: string }}
 */
export function useChangesOn() {
  const { phase } = useSignal(connection);
  const { info } = useSignal(summary);
  if (phase !== 'live') return { isOn: false, why: 'Waits for the connection.' };
  if (info?.may_write !== true)
    return { isOn: false, why: 'Read only. Press the lock above to make changes.' };
  return { isOn: true, why: '' };
}
