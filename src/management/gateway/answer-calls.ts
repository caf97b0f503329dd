import type { RunningProblem } from '../../diagnosis/running-problem.ts';
import type { Say } from '../../log/say.ts';
import type { CallName, FromGateway, GatewayCalls, Port, ToGateway } from './gateway-calls.ts';

/** What else the management thread tells unasked. */
export interface ManagementNews {
  readonly say: Say;
  /** All that it finds wrong itself, each time that this changes. */
  problems(problems: readonly RunningProblem[]): void;
}

/** Answers the management thread. It runs on the packets' thread: each call is short, or waits without holding it. */
export function answerCalls(
  port: Port<FromGateway, ToGateway>,
  gateways: readonly GatewayCalls[],
  heard: ManagementNews,
): void {
  port.hear((message) => {
    if (message.kind === 'say') {
      heard.say(message.level, message.fields, message.message);
      return;
    }
    if (message.kind === 'problems') {
      heard.problems(message.problems);
      return;
    }
    const { segment, number, name, args } = message;
    // An answer that cannot be posted (structured clone) is a failure of this call alone, and must not end the gateway.
    void answerOf(gateways[segment], name, args)
      .then((value) => port.post({ kind: 'answer', segment, number, value }))
      .catch((error: unknown) => port.post({ kind: 'failure', segment, number, message: messageOf(error) }));
  });
}

async function answerOf(
  gateway: GatewayCalls | undefined,
  name: CallName,
  args: readonly unknown[],
): Promise<unknown> {
  if (gateway === undefined) throw new Error('there is no such segment');
  const call = gateway[name] as (...args: readonly unknown[]) => Promise<unknown>;
  return await call.apply(gateway, [...args]);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
