import { z } from 'zod';
import { badRequest } from './problem.ts';

const FORM = z.tuple([z.string(), z.union([z.string(), z.number()]), z.number()]);

/** Where a list goes on: which list in which order, the key of its last row, and its position. */
export interface Cursor {
  readonly key: string | number;
  readonly position: number;
}

export function cursorToText(list: string, { key, position }: Cursor): string {
  return Buffer.from(JSON.stringify([list, key, position])).toString('base64url');
}

/** @throws ApiProblem for one that this list, in this order, has not made. */
export function cursorFromText(list: string, text: string | undefined): Cursor | undefined {
  if (text === undefined) return undefined;
  try {
    const [of, key, position] = FORM.parse(JSON.parse(Buffer.from(text, 'base64url').toString()));
    if (of === list) return { key, position };
  } catch {
    // It is none of ours.
  }
  const detail = 'is not `next` of this list in this order';
  throw badRequest('the query has faults', [{ pointer: '/cursor', detail }]);
}
