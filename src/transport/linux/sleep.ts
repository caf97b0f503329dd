import { GatewayError } from '../../errors.ts';
import { loadLibc } from './libc.ts';

/** Blocks this thread for some milliseconds, with parts of one: usleep(3). Undefined: it cannot be called here. */
export function openSleep(): ((milliseconds: number) => void) | undefined {
  try {
    const { usleep } = loadLibc();
    return (milliseconds) => usleep(Math.max(0, Math.round(milliseconds * 1000)));
  } catch (error) {
    if (error instanceof GatewayError) return undefined;
    throw error;
  }
}
