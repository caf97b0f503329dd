'use strict';
// Stack traces that name the sources. A map is read when the first trace is wanted, which is seldom.
const { readFileSync } = require('node:fs');
const { SourceMap } = require('node:module');
const { basename, join } = require('node:path');

/** The maps by the names of the files, each as a function that reads it once. */
const maps = new Map();

/** Traces of this thread name the sources of a file that was made of many, by its map beside it. */
exports.nameSources = (filename) => {
  let map;
  const read = () => (map ??= new SourceMap(JSON.parse(readFileSync(`${filename}.map`, 'utf8'))));
  maps.set(basename(filename), read);
  Error.prepareStackTrace = traceOf;
};

function traceOf(error, sites) {
  try {
    return [headOf(error), ...sites.map((site) => `    at ${sourceOf(site)}`)].join('\n');
  } catch {
    return [headOf(error), ...sites.map((site) => `    at ${site}`)].join('\n'); // Without a map, as V8 would.
  }
}

function sourceOf(site) {
  const [line, column] = [site.getLineNumber(), site.getColumnNumber()];
  const file = site.getFileName();
  // What V8 kept names the folder in which the program was built.
  const read = file === null ? undefined : maps.get(basename(file));
  if (read === undefined || line === null) return String(site);
  const { originalSource, originalLine, originalColumn } = read().findEntry(line - 1, column - 1);
  if (originalSource === undefined) return String(site);
  const source = `${join(__dirname, originalSource)}:${originalLine + 1}:${originalColumn + 1}`;
  return String(site).replace(`${file}:${line}:${column}`, () => source);
}

function headOf(error) {
  try {
    return String(error);
  } catch {
    return 'an error that cannot be shown';
  }
}
