import type { Place, SourceFault, SourceFile } from './found.ts';

export interface WholeLine extends Place {
  readonly text: string;
}

/**
 * The lines of a file that another server writes line by line, less empty ones. A last line without its end is a fault: the
 * file was copied while it was written, or its disk was full, and what is left of it would be read as something else.
 */
export function wholeLines({ name: file, text }: SourceFile, faults: SourceFault[]): readonly WholeLine[] {
  const lines = text.split('\n').map((content, index) => ({
    file,
    line: index + 1,
    text: content.replace(/\r$/, ''),
  }));
  const last = lines.pop();
  if (last !== undefined && last.text.trim() !== '')
    faults.push({ file, line: last.line, what: 'the line has no end: it may be cut off' });
  return lines.filter((each) => each.text.trim() !== '');
}
