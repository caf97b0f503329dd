/** A name of this program's code: listenIp. Not a word that is data, like a reason, a setting or a message type. */
const NAME_IN_CODE = /^[a-z][a-z0-9]*(?:[A-Z][a-z0-9]*)+$/;

/** A value as JSON for programs: of several lines, with names as in the SQL views and the API: `listen_ip`. */
export function jsonText(value: unknown): string {
  return `${JSON.stringify(snakeCased(value), null, 2)}\n`;
}

/** The same value with the names of its members in snake case. */
export function snakeCased(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(snakeCased);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [snakeCase(name), snakeCased(member)]),
  );
}

function snakeCase(name: string): string {
  return NAME_IN_CODE.test(name) ? name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`) : name;
}
