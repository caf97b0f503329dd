import { ApiProblem } from '../http/problem.ts';
import type { RouteParts } from './route-parts.ts';

/** @throws ApiProblem if a request names a segment that this gateway does not serve. */
export function refuseOtherSegment({ options }: RouteParts, segment: string | undefined): void {
  if (segment === undefined || segment === options.segment || segment === options.subnet.prefix) return;
  throw new ApiProblem({
    status: 404,
    word: 'no-such-segment',
    title: 'This gateway does not serve that segment',
    detail: `it serves ${options.segment}`,
  });
}
