/** RFC 1123 §2.1: a name that may stand in a hosts file. A guest chooses its own, so nothing else gets there. */
export function isHostName(name: string | null): name is string {
  return (
    name !== null && /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i.test(name)
  );
}
