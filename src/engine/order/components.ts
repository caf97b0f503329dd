/** A node on the way to what is looked at, and how many of those that it needs were looked at. */
interface Visit {
  readonly node: number;
  readonly needs: readonly number[];
  looked: number;
}

/**
 * The strongly connected components of a graph, by Tarjan's algorithm without recursion: each after all that it needs. Several
 * nodes of one component need each other in a circle.
 *
 * @param count The nodes are 0 to count - 1.
 */
export function componentsOf(
  count: number,
  needsOf: (node: number) => readonly number[],
): readonly (readonly number[])[] {
  const found: number[][] = [];
  const order = new Int32Array(count).fill(-1);
  const lowest = new Int32Array(count);
  const isOpen = new Uint8Array(count);
  const open: number[] = [];
  let visited = 0;
  const visit = (node: number): Visit => {
    order[node] = visited;
    lowest[node] = visited;
    visited += 1;
    isOpen[node] = 1;
    open.push(node);
    return { node, needs: needsOf(node), looked: 0 };
  };
  const lower = (node: number, to: number) => {
    lowest[node] = Math.min(lowest[node] ?? to, to);
  };
  const close = (node: number) => {
    const from = open.lastIndexOf(node);
    const component = open.splice(from);
    for (const member of component) isOpen[member] = 0;
    found.push(component);
  };

  for (let root = 0; root < count; root += 1) {
    if (order[root] !== -1) continue;
    const path = [visit(root)];
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const need = top.needs[top.looked];
      if (need !== undefined) {
        top.looked += 1;
        if (order[need] === -1) path.push(visit(need));
        else if (isOpen[need] === 1) lower(top.node, order[need] ?? 0);
        continue;
      }
      path.pop();
      const parent = path.at(-1);
      if (parent !== undefined) lower(parent.node, lowest[top.node] ?? 0);
      if (lowest[top.node] === order[top.node]) close(top.node);
    }
  }
  return found;
}
