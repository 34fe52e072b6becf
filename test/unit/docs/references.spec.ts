/** What the documents refer to exists: files, scripts, statements, settings, errors. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import * as durable from 'nestjs-durable';
import { DEFAULT_SETTINGS } from '../../../lib/engine/settings.js';

const ROOT = resolve(__dirname, '../../..');
/** Made by the build: may be absent. */
const BUILT = /(^|\/)(dist|build)\//;
const DOCUMENTS = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...filesOf('docs', '.md')];

function filesOf(folder: string, ending: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith(ending) && !BUILT.test(file))
    .map((file) => join(folder, file));
}

const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');

function found(text: string, pattern: RegExp): string[] {
  return [...new Set([...text.matchAll(pattern)].map((match) => match[1]!))];
}

/** All that is not there, so that a failure names it. */
function missing(names: readonly string[], exists: (name: string) => boolean): string[] {
  return names.filter((name) => !exists(name));
}

describe.each(DOCUMENTS)('%s', (document) => {
  const text = read(document);

  it('links to files that exist', () => {
    const links = found(text, /\]\((?!https?:|#)([^)#\s]+)[^)]*\)/g);
    expect(missing(links, (link) => existsSync(resolve(ROOT, dirname(document), link)))).toEqual([]);
  });

  it('names paths that exist', () => {
    const paths = found(text, /`((?:lib|test|sample-app|scripts|bench|docs)\/[\w./-]*)`/g);
    expect(missing(paths, (path) => BUILT.test(path) || existsSync(join(ROOT, path)))).toEqual([]);
  });

  it('names npm scripts that exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    expect(missing(found(text, /npm run ([\w:]+)/g), (script) => script in scripts)).toEqual([]);
  });
});

describe('docs/semantics.md', () => {
  it('has every statement that the code, the tests and the documents refer to', () => {
    const defined = new Set(found(read('docs/semantics.md'), /^(?:- |\| )\[([A-Z]\d+)\]/gm));
    const sources = ['lib', 'test', 'sample-app'].flatMap((folder) => filesOf(folder, '.ts'));
    const texts = [...sources, ...DOCUMENTS].map(read).join('\n');
    const references = found(texts, /(\[(?:[ACEHKLNORSTWY]\d+)(?:[,–] ?[ACEHKLNORSTWY]\d+)*\])/g);
    const statements = references.flatMap((reference) => reference.match(/[A-Z]\d+/g) ?? []);
    expect(statements.length).toBeGreaterThan(50);
    expect(missing([...new Set(statements)], (statement) => defined.has(statement))).toEqual([]);
  });
});

describe('README.md', () => {
  const rows = new Map(found(read('README.md'), /^(\| `\w+` \|.*)$/gm).map((row) => [/`(\w+)`/.exec(row)![1]!, row]));

  it.each(Object.entries(DEFAULT_SETTINGS))('tells the default of %s: %s', (name, value) => {
    const preset = rows.get(name)?.split('|')[2]?.trim().replaceAll(' ', '');
    expect(preset === '4MiB' ? 4 * 1024 * 1024 : preset).toBe(typeof value === 'number' && value >= 2 ** 20 ? value : String(value));
  });

  it('has all public errors', () => {
    const errors = Object.keys(durable).filter((name) => name.endsWith('Error'));
    expect(errors.length).toBeGreaterThan(10);
    expect(missing(errors, (name) => rows.has(name))).toEqual([]);
  });
});
