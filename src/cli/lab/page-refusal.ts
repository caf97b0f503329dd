import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';

/** Why a request is not passed on, for whoever looks at the browser. */
export const REFUSALS = {
  linkWanted: {
    status: 401,
    title: 'Open this page by the link',
    text: 'The lab prints a link on its terminal. The link lets in one browser, once, and keeps out everybody else on this machine.',
  },
  linkUsed: {
    status: 401,
    title: 'This link was used already',
    text: 'Each link lets in one browser, once. The lab’s terminal says how to get another one.',
  },
  foreignName: {
    status: 403,
    title: 'This name is not the lab’s',
    text: 'The lab answers at 127.0.0.1 and localhost, with its own port. Open the link that it has printed.',
  },
  foreignPage: {
    status: 403,
    title: 'Another page may not ask the lab',
    text: 'The request comes from a page of another address.',
  },
  noPath: { status: 400, title: 'This is no path', text: 'What is asked for begins with a slash.' },
  noGateway: {
    status: 502,
    title: 'No gateway answers here',
    text: 'The lab may have stopped it, or it is starting. This is no fault of your browser: load the page again later.',
  },
} as const;

const STYLE =
  'body{font:16px/1.5 system-ui,sans-serif;max-width:34em;margin:15vh auto;padding:0 24px}h1{font-size:20px}';
const POLICY = `default-src 'none'; frame-ancestors 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`;

/** @param answer Nothing of it was sent yet. */
export function refusePage(answer: ServerResponse, why: keyof typeof REFUSALS): void {
  const { status, title, text } = REFUSALS[why];
  const head = `<meta charset="utf-8"><meta name="color-scheme" content="light dark"><title>${title}</title><style>${STYLE}</style>`;
  answer.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': POLICY,
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  });
  answer.end(`<!doctype html><html lang="en">${head}<h1>${title}</h1><p>${text}</p></html>\n`);
}
