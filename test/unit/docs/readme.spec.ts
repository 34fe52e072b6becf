/** The README shows code that is compiled: each of its TypeScript blocks is a region of a source file. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

const ROOT = resolve(__dirname, '../../..');

interface Block {
  readonly line: number;
  /** `test/docs/travel.ts#chaining`, from the comment above the block. */
  readonly source: string | undefined;
  readonly code: string;
}

function typescriptBlocks(markdown: string): Block[] {
  const pattern = /(?:^<!-- (?<source>\S+) -->\n+)?^```(?:ts|typescript|js|javascript)\b[^\n]*\n(?<code>.*?)^```$/gms;
  return [...markdown.matchAll(pattern)].map(({ index, groups }) => ({
    line: markdown.slice(0, index).split('\n').length,
    source: groups!.source,
    code: groups!.code!,
  }));
}

/** The lines between `// #region name` and the next `// #endregion`, moved to the left. */
function regionOf(source: string): string {
  const [file = '', name] = source.split('#');
  const lines = readFileSync(resolve(ROOT, file), 'utf8').split('\n');
  const begin = lines.findIndex((line) => line.trim() === `// #region ${name}`);
  const end = lines.findIndex((line, index) => index > begin && line.trim() === '// #endregion');
  if (begin === -1 || end === -1) throw new Error(`${file} has no region '${name}'.`);
  return dedent(lines.slice(begin + 1, end));
}

function dedent(lines: readonly string[]): string {
  const indents = lines.filter((line) => line !== '').map((line) => line.search(/\S/));
  const indent = Math.min(...indents);
  return lines.map((line) => `${line.slice(indent)}\n`).join('');
}

const blocks = typescriptBlocks(readFileSync(resolve(ROOT, 'README.md'), 'utf8'));

describe('README.md', () => {
  it('has TypeScript blocks', () => {
    expect(blocks.length).toBeGreaterThan(10);
  });

  it.each(blocks)('line $line: the block is the region $source', ({ source, code }) => {
    // A block without `<!-- file#region -->` above it would go stale unnoticed.
    expect(source).toMatch(/^[\w./-]+\.ts#[\w-]+$/);
    expect(code).toBe(regionOf(source!));
  });
});
