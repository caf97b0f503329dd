/** An object of libnftables-json(5). Members that are not as expected count as unknown. */
export type NftObject = Readonly<Record<string, unknown>>;

/** The objects in the output of `nft -j list ruleset`; none if it is not such JSON. */
export function objectsIn(printed: string): readonly NftObject[] {
  try {
    const { nftables } = JSON.parse(printed) as NftObject;
    return itemsOf(nftables)
      .map(objectOf)
      .filter((each) => each !== undefined);
  } catch {
    return [];
  }
}

export function objectOf(value: unknown): NftObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as NftObject)
    : undefined;
}

export function itemsOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : value === undefined ? [] : [value];
}
