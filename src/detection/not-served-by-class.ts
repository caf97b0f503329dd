import type { Observer } from '../exchange/observer/observer.ts';
import type { Message } from '../wire/message.ts';

/** Tells of each message that is not answered because of its client's class. */
export function notServedByClass(note: (message: Message) => void): Observer {
  return {
    decided: (message, _client, { reason }) => {
      if (reason === 'refused-by-class') note(message);
    },
  };
}
