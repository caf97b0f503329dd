import { request } from 'node:http';
import { join } from 'node:path';
import { API_SOCKET } from '../../src/management/listen/socket-file.ts';
import type { GatewayProcess } from './gateway-process.ts';

export interface SeenEvent {
  readonly id: string;
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface FollowedEvents {
  readonly status: number;
  readonly seen: readonly SeenEvent[];
  close(): void;
}

/** Follows the events of a gateway by its Unix socket. Resolves when the stream is open. */
export function followEvents(
  { directory }: Pick<GatewayProcess, 'directory'>,
  query = '',
  lastId?: string,
): Promise<FollowedEvents> {
  return new Promise((resolve, reject) => {
    const asked = request(
      {
        socketPath: join(directory, API_SOCKET),
        path: `/api/v1/events${query}`,
        headers: lastId === undefined ? {} : { 'last-event-id': lastId },
        agent: false,
      },
      (answer) => {
        const seen: SeenEvent[] = [];
        let text = '';
        answer.setEncoding('utf8').on('data', (part: string) => {
          text += part;
          const frames = text.split('\n\n');
          text = frames.pop() ?? '';
          for (const frame of frames) {
            const [, event] = /^event: (.*)$/m.exec(frame) ?? [];
            const [, id = ''] = /^id: (.*)$/m.exec(frame) ?? [];
            const [, data = '{}'] = /^data: (.*)$/m.exec(frame) ?? [];
            if (event !== undefined) seen.push({ id, event, data: JSON.parse(data) });
          }
          resolve({ status: answer.statusCode ?? 0, seen, close: () => asked.destroy() });
        });
        answer.on('error', () => {});
      },
    );
    asked.on('error', reject);
    asked.end();
  });
}
