import { type Document, type ErrorCode, isScalar, visit } from 'yaml';

/** What is wrong with a file whatever it means. */
export interface YamlFault {
  readonly message: string;
  /** Where it stands: characters from the beginning. */
  readonly at: number;
  readonly remedy: string;
}

export interface YamlFaults {
  readonly faults: readonly YamlFault[];
  /** True: what is read of the file is not what was meant. */
  readonly isBroken: boolean;
  /** False: it must not be made a value. */
  readonly isReadable: boolean;
}

/** What to do about the commonest faults; for the others the place must do. */
const REMEDIES: Partial<Record<ErrorCode, string>> = {
  BAD_INDENT: 'indent this line as the lines beside it, and close what was opened before it',
  BLOCK_AS_IMPLICIT_KEY: 'indent this line as the lines beside it; quote a text that has ": " in it',
  DUPLICATE_KEY: 'leave one of the two out',
  MISSING_CHAR: 'close the bracket or the quotation mark',
  TAB_AS_INDENT: 'indent by blanks, not by tabs',
};
const CORRECT = 'correct the YAML there';
const AFTER = 'what follows is looked at when this is corrected';

/** Faults after which the next lines are read as they are meant. */
const ALONE: ReadonlySet<ErrorCode> = new Set(['DUPLICATE_KEY', 'TAG_RESOLVE_FAILED', 'BAD_DQ_ESCAPE']);

/** What stands where octets were that are no UTF-8, and what most octets of UTF-16 are. */
const NO_TEXT = /[\ufffd\0]/;

/** What is wrong with the file whatever it means; its numbers become what stands there. */
export function yamlFaults(document: Document.Parsed): YamlFaults {
  const { faults, isBroken } = faultsOfForm(document);
  let isReadable = true;
  visit(document, {
    // A few aliases can expand a small file into one that fills the memory.
    Alias: (_, { range }) => {
      isReadable = false;
      faults.push({ message: 'has an alias', at: range?.[0] ?? 0, remedy: 'write the value itself there' });
    },
    // The library warns on standard error when it makes a name of a list. stringKeys refuses such a name in any case.
    Pair: (_, { key }) => {
      if (!isScalar(key)) isReadable = false;
    },
    Scalar: (_, node) => {
      // An identifier 00112233 is not 112233, nor is the name 1e3 the name 1000.
      if (typeof node.value === 'number') node.value = asWritten(node.value, node.source);
      else if (typeof node.value === 'string' && NO_TEXT.test(node.value))
        faults.push({ message: 'is no text in UTF-8', at: node.range?.[0] ?? 0, remedy: CORRECT });
    },
  });
  return { faults, isBroken, isReadable };
}

/**
 * What the parser has found. Where the form of a file breaks, most of what it finds after that only follows from it: the
 * first break is told, and what stands before it.
 */
function faultsOfForm({ errors, warnings }: Document.Parsed): {
  readonly faults: YamlFault[];
  readonly isBroken: boolean;
} {
  const all = [...errors, ...warnings].sort((one, other) => one.pos[0] - other.pos[0]);
  const end = all.findIndex(({ code }) => !ALONE.has(code));
  const told = end < 0 ? all : all.slice(0, end + 1);
  const faults = told.map(({ code, message, pos }, index) => {
    const remedy = REMEDIES[code] ?? CORRECT;
    return { message, at: pos[0], remedy: index === end ? `${remedy}; ${AFTER}` : remedy };
  });
  return { faults, isBroken: end >= 0 };
}

function asWritten(value: number, source = String(value)): string | number {
  return String(value) === source ? value : source;
}
