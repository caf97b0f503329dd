import type { Libc, PollHandle } from './libc.ts';

/** Calls when a descriptor is readable, until it is closed. */
export interface Readiness {
  pause(): void;
  resume(): void;
  /** Must come before the descriptor itself is closed. */
  close(): void;
}

/** A handle that nobody refers to is collected, and its socket goes silent. */
const RETAINED = new Set<PollHandle>();

/**
 * Calls `run` again and again while the descriptor is readable, from the event loop; also when it is in error, which
 * reading must take away (as it does of sockets).
 */
export function whenReadable(libc: Libc, fd: number, run: () => void): Readiness {
  let state: 'running' | 'paused' | 'closed' = 'running';
  const isRunning = (): boolean => state === 'running';
  const called = (status: number): void => {
    if (!isRunning()) return;
    try {
      run();
    } catch (error) {
      // The caller is native and would swallow it. Thrown from here it is an uncaught exception like any other.
      setImmediate(() => {
        throw error;
      });
    }
    // In error, libuv has stopped of itself; `run` may have paused or closed it.
    if (status < 0 && isRunning()) handle.start(called);
  };

  const handle = libc.poll(fd, called);
  RETAINED.add(handle);
  return {
    pause: () => {
      if (state !== 'running') return;
      state = 'paused';
      handle.stop();
    },
    resume: () => {
      if (state === 'closed') return;
      state = 'running';
      handle.start(called);
    },
    close: () => {
      if (state === 'closed') return;
      state = 'closed';
      handle.close();
      RETAINED.delete(handle);
    },
  };
}
