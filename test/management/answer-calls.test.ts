import { expect, test } from 'vitest';
import { answerCalls } from '../../src/management/gateway/answer-calls.ts';
import type { FromGateway, GatewayCalls, ToGateway } from '../../src/management/gateway/gateway-calls.ts';
import { settle } from '../support/clock.ts';

test('an answer that cannot be sent to the other thread fails its call alone', async () => {
  const sent: FromGateway[] = [];
  let take: (message: ToGateway) => void = () => {};
  const port = {
    post: (message: FromGateway) => void sent.push(structuredClone(message)),
    hear: (listener: (message: ToGateway) => void) => (take = listener),
  };
  const gateway = { figures: async () => Object, isStoring: async () => true } as unknown as GatewayCalls;
  answerCalls(port, [gateway], { say: () => {}, problems: () => {} });

  for (const [number, name] of (['figures', 'isStoring'] as const).entries())
    take({ kind: 'call', segment: 0, number, name, args: [] } as unknown as ToGateway);
  await settle();

  expect(sent).toContainEqual({
    ...{ kind: 'failure', segment: 0, number: 0 },
    message: expect.stringContaining('could not be cloned'),
  });
  expect(sent).toContainEqual({ kind: 'answer', segment: 0, number: 1, value: true });
});
