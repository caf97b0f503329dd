/** One event as it was sent; or only an id, which says how far the stream is. */
export interface SentEvent {
  readonly id: string | undefined;
  /** '': it is only an id. */
  readonly kind: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** The longest event that is read: characters. */
const LONGEST = 1 << 20;

/**
 * Reads server-sent events, as the API writes them: lines end with a line feed, and an event with an empty line. Comments are
 * passed over, and an id among them is told: a reader may be cut off before its first event.
 *
 * @throws SyntaxError for what no gateway sends.
 */
export async function* sentEvents(pieces: AsyncIterable<string>): AsyncGenerator<SentEvent> {
  let text = '';
  for await (const piece of pieces) {
    text += piece;
    const frames = text.split('\n\n');
    text = frames.pop() ?? '';
    for (const frame of frames) {
      const event = eventOf(frame);
      if (event !== undefined) yield event;
    }
    if (text.length > LONGEST) throw new SyntaxError('an event without an end');
  }
}

function eventOf(frame: string): SentEvent | undefined {
  const fields = new Map<string, string>();
  for (const line of frame.split('\n')) {
    const [, name, value = ''] = /^([a-z]+): ?(.*)$/.exec(line) ?? [];
    if (name !== undefined) fields.set(name, value);
  }
  const [id, kind, data] = [fields.get('id'), fields.get('event'), fields.get('data')];
  if (kind === undefined || data === undefined)
    return id === undefined ? undefined : { id, kind: '', data: {} };
  const value: unknown = JSON.parse(data);
  if (typeof value !== 'object' || value === null) throw new SyntaxError('an event without data');
  return { id, kind, data: value as SentEvent['data'] };
}
