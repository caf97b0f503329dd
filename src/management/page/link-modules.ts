import { posix } from 'node:path';

/** As the formatter writes them: each begins its line. */
const IMPORT = /^import (?:(\w+)|\{([^}]*)\}) from '([^']+)';\n/gm;
const PASSED_ON = /^export \{([^}]*)\} from '([^']+)';\n/gm;
const EXPORTED = /^export ((?:async )?function|class|const) (\w+)/gm;

/** Types and explanations are a third of a module, and nobody reads them in a browser. No text of the page has these marks. */
export function withoutComments(module: string): string {
  return module
    .replace(/\/\*\*[\s\S]*?\*\//g, '')
    .replace(/^\s*(\/\/.*)?\n/gm, '')
    .replace(/^ +/gm, '');
}

/**
 * Joins modules into one, each as a function of its own, so that names of one mean nothing in another. A browser then asks once, not
 * eighty times, and what they have in common is compressed once. What is not among them stays an import.
 *
 * @param modules Their texts, by their paths; none imports itself through others.
 * @param entry What is imported by no other.
 */
export function linkModules(modules: ReadonlyMap<string, string>, entry: string): string {
  const order: string[] = [];
  const outside = new Map<string, string>();
  const names = new Map<string, string>();
  const visit = (path: string): void => {
    if (names.has(path)) return;
    names.set(path, `m${names.size}`);
    const text = modules.get(path);
    if (text === undefined) {
      outside.set(path, names.get(path) ?? '');
      return;
    }
    for (const [, , , from = ''] of text.matchAll(IMPORT)) visit(beside(path, from));
    for (const [, , from = ''] of text.matchAll(PASSED_ON)) visit(beside(path, from));
    order.push(path);
  };
  visit(entry);
  const nameOf = (path: string) => names.get(path) ?? '';
  const imports = [...outside].map(([path, name]) => `import * as ${name} from "./${path}";\n`);
  const bodies = order.map((path) => `const ${nameOf(path)} = ${asFunction(path, modules, nameOf)};\n`);
  return [...imports, ...bodies].join('');
}

function asFunction(
  path: string,
  modules: ReadonlyMap<string, string>,
  nameOf: (path: string) => string,
): string {
  const text = withoutComments(modules.get(path) ?? '');
  const exported = [...text.matchAll(EXPORTED)].map(([, , name = '']) => name);
  const passedOn = [...text.matchAll(PASSED_ON)].flatMap(([, list = '', from = '']) =>
    namesIn(list).map(([name, as]) => `${as}: ${nameOf(beside(path, from))}.${name}`),
  );
  const body = text
    .replace(IMPORT, (_, whole: string | undefined, list: string | undefined, from: string) => {
      const wanted = whole === undefined ? namesIn(list ?? '') : [['default', whole] as const];
      const parts = wanted.map(([name, as]) => (name === as ? name : `${name}: ${as}`));
      return `const { ${parts.join(', ')} } = ${nameOf(beside(path, from))};\n`;
    })
    .replace(PASSED_ON, '')
    .replace(EXPORTED, '$1 $2')
    .replaceAll('import.meta.url', `new URL('${path}', import.meta.url)`);
  return `(() => {\n${body}return { ${[...exported, ...passedOn].join(', ')} };\n})()`;
}

/** What a list names, and what it is called here. */
function namesIn(list: string): readonly (readonly [name: string, as: string])[] {
  return list
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '')
    .map((each) => {
      const [name = '', as = name] = each.split(' as ');
      return [name, as] as const;
    });
}

function beside(path: string, name: string): string {
  return posix.join(posix.dirname(path), name);
}
