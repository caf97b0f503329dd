import { GatewayError } from '../../../errors.ts';
import { RemoteMirror, type RemoteMirrorParts } from './remote-mirror.ts';

/** A file that is not open after so long is worth a line: milliseconds. */
const LONG_START = 10_000;
const START_REMEDY = 'see to the disk of the leases directory (dmesg, iostat -x); nothing is served before';

/**
 * Done when the other thread has opened the file of its mirror. Rejects with the GatewayError that it met: as
 * `openMirror`.
 */
export function openRemoteMirror(parts: RemoteMirrorParts): Promise<RemoteMirror> {
  const { port, clock, say } = parts;
  const cancel = clock.after(LONG_START, () =>
    say('warn', { seconds: LONG_START / 1000, remedy: START_REMEDY }, 'the lease file is not open yet'),
  );
  return new Promise<RemoteMirror>((resolve, reject) => {
    port.hear((message) => {
      if (message.kind === 'say') say(message.level, message.fields, message.message);
      else if (message.kind === 'opened') resolve(new RemoteMirror(parts, message));
      else if (message.kind === 'refused') reject(new GatewayError(message.code, message.message));
      else if (message.kind === 'failed') reject(message.error);
      else reject(new Error(`the thread of the lease file: ${message.kind}`));
    });
  }).finally(cancel);
}
