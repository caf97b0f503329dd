import type { Libc, PollHandle } from './libc.ts';

/** The calls for a readable descriptor. */
export interface Readiness {
  pause(): void;
  resume(): void;
  /** Must come before the descriptor itself is closed. */
  close(): void;
}

/** Keeps the handles referenced: without a reference a handle is collected, and its socket is never read again. */
const RETAINED = new Set<PollHandle>();

/**
 * Calls `run` from the event loop while the descriptor is readable. It is also called when the descriptor is in error:
 * reading must clear that, as it does for sockets. What `run` throws becomes an uncaught exception.
 */
export function whenReadable(libc: Libc, fd: number, run: () => void): Readiness {
  let state: 'running' | 'paused' | 'closed' = 'running';
  const isRunning = (): boolean => state === 'running';
  const called = (status: number): void => {
    if (!isRunning()) return;
    try {
      run();
    } catch (error) {
      // The native caller would drop the error. Thrown later, it is an uncaught exception like any other.
      setImmediate(() => {
        throw error;
      });
    }
    // After an error libuv has stopped polling; `run` may have paused or closed it.
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
