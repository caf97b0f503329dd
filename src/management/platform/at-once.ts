/** Works through items, some of them at once, until a time is over; what is not begun by then is left out. Never rejects. */
export async function someAtOnce<Item>(
  items: readonly Item[],
  atOnce: number,
  milliseconds: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const end = performance.now() + milliseconds;
  let next = 0;
  const worker = async () => {
    while (next < items.length && performance.now() < end) {
      const item = items[next];
      next += 1;
      if (item !== undefined) await work(item).catch(() => undefined);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
}
