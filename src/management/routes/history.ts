import { z } from 'zod';
import { searchHistory } from '../../store/sqlite/query/search-history.ts';
import { cursorFromText, cursorToText } from '../http/cursor.ts';
import { type Operation, operation } from '../http/operation.ts';
import { addressText, EVENT, LIST_QUERY, listAnswer, macText, text, timeText } from '../http/schemas.ts';
import type { RouteParts } from './route-parts.ts';
import { refuseOtherSegment } from './segment.ts';

const QUERY = z.object({
  ...LIST_QUERY,
  address: addressText.optional(),
  mac: macText.optional(),
  vps_id: text.optional(),
  author: text.optional().meta({ description: 'Who ordered it: the name of a secret, or local' }),
  since: timeText.optional().meta({ description: 'Not before this time' }),
  until: timeText.optional().meta({ description: 'Not after this time' }),
});

const LIST = 'history';

export function historyRoute(parts: RouteParts): Operation {
  return operation({
    method: 'get',
    path: '/history',
    name: 'listHistory',
    readsAll: true,
    summary:
      'What happened to addresses, the newest first: who had one at a time is its first row until then',
    query: QUERY,
    answer: listAnswer(EVENT),
    run: async ({ query, signal }) => {
      refuseOtherSegment(parts, query.segment);
      const { limit, address, mac, vps_id: vpsId, author, since, until } = query;
      const before = cursorFromText(LIST, query.cursor)?.position;
      return await parts.leases.read(async ({ database, asOf }) => {
        const search = { address, mac, vpsId, author, since, until, limit, before };
        const { rows, total, last } = await searchHistory(database, search, signal);
        const next = last === undefined ? null : cursorToText(LIST, { key: 0, position: last });
        return { items: rows, total, next, as_of: asOf };
      });
    },
  });
}
