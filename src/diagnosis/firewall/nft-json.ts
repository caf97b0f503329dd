/** An object of libnftables-json(5). Members that are not as expected count as unknown. */
export type Json = Readonly<Record<string, unknown>>;

/** The objects in the output of `nft -j list ruleset`; none if it is not such JSON. */
export function objectsIn(printed: string): readonly Json[] {
  try {
    const { nftables } = JSON.parse(printed) as Json;
    return listOf(nftables)
      .map(objectOf)
      .filter((each) => each !== undefined);
  } catch {
    return [];
  }
}

export function objectOf(value: unknown): Json | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : value === undefined ? [] : [value];
}
