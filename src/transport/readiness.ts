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
 * Calls `run` again and again while the descriptor is readable, from the event loop.
 * When the descriptor is in error, libuv stops; `failed` then reads the error, and may call `resume`.
 */
export function whenReadable(libc: Libc, fd: number, run: () => void, failed: () => void): Readiness {
  let state: 'running' | 'paused' | 'closed' = 'running';
  const called = (status: number): void => {
    if (state !== 'running') return;
    try {
      if (status < 0) failed();
      else run();
    } catch (error) {
      // The caller is native and would swallow it. Thrown from here it is an uncaught exception like any other.
      setImmediate(() => {
        throw error;
      });
    }
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
