import type { Observer } from '../exchange/observer.ts';

/** Prompts the sweep when a client finds no free address. */
export function expiryPrompter(prompt: () => void): Observer {
  const nothing = () => {};
  return {
    sentLate: nothing,
    decided: (_message, _client, { reason }) => {
      if (reason === 'pool-full') prompt();
    },
    ordered: nothing,
    dropped: nothing,
    omitted: nothing,
    broken: nothing,
  };
}
