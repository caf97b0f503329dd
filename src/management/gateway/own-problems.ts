import type { RunningProblem } from '../../diagnosis/running-problem.ts';
import type { CertificateProblem } from '../../store/etcd/client/certificates.ts';
import type { FromGateway, Port, ToGateway } from './gateway-calls.ts';

/** How often it is looked: milliseconds. */
const LOOK = 2000;

/** Tells the gateway's thread what this thread finds wrong, each time that it changes: health, log and warnings have all problems. */
export class OwnProblems {
  readonly #port: Pick<Port<ToGateway, FromGateway>, 'post'>;
  readonly #problems: () => readonly RunningProblem[];
  #told = '[]';
  #timer: NodeJS.Timeout | undefined;

  constructor(port: Pick<Port<ToGateway, FromGateway>, 'post'>, problems: () => readonly RunningProblem[]) {
    this.#port = port;
    this.#problems = problems;
  }

  begin(): void {
    this.#look();
    this.#timer = setInterval(() => this.#look(), LOOK).unref();
  }

  end(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const problems = this.#problems();
    const text = JSON.stringify(problems);
    if (text === this.#told) return;
    this.#told = text;
    this.#port.post({ kind: 'problems', problems });
  }
}

export function apiCertificateProblem({ message, remedy }: CertificateProblem): RunningProblem {
  return { name: 'api-certificate', message, remedy, stopsNewGuests: false };
}
