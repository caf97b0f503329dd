import type { Observer } from '../../exchange/observer/observer.ts';

/** Prompts the sweep when a client finds no free address. */
export function expiryPrompter(prompt: () => void): Observer {
  return {
    decided: (_message, _client, { reason }) => {
      if (reason === 'pool-full') prompt();
    },
  };
}
