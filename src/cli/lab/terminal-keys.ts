import { setTimeout as delay } from 'node:timers/promises';
import { isatty } from 'node:tty';
import type { Lab } from './lab.ts';
import type { OrderRunner } from './orders/order-runner.ts';

const CTRL_C = '\u0003';
const LOOK_EVERY = 100;
const STANDARD_OUTPUT = 1;

/** Takes orders by single keys until the lab ends. */
export async function takeKeys(lab: Lab, runner: OrderRunner, tellLink: () => Promise<void>): Promise<void> {
  const { stdin } = process;
  const isTerminal = isatty(0);
  const take = (typed: Buffer) => {
    for (const key of typed.toString()) {
      if (key === 'w') void tellLink();
      else press(key, lab, runner);
    }
  };
  if (isTerminal) stdin.setRawMode(true).on('data', take);
  stdin.on('error', () => undefined); // The terminal is gone.
  try {
    while (!lab.isEnding) {
      await delay(LOOK_EVERY);
      // The kernel tells only the leader of the session that the terminal is gone: a shell, if one has started the lab.
      if (!isatty(STANDARD_OUTPUT)) process.kill(process.pid, 'SIGHUP');
    }
  } finally {
    if (isTerminal) stdin.off('data', take).setRawMode(false).pause();
  }
}

function press(key: string, lab: Lab, runner: OrderRunner): void {
  if (key === CTRL_C || key === 'q') lab.end();
  else if (key === '\r' || key === '\n') lab.tellRows();
  else if (key === '?' || key === 'h') runner.tellHelp();
  else void runner.press(key);
}
