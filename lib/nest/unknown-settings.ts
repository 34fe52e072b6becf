/** What is wrong with a setting that does not exist, as the rest of the sentence "the setting 'x' …". */

const GRAPH: readonly string[] = ['name', 'isGlobal', 'http'];

export function adviceOn(name: string, known: readonly string[]): string {
  if (GRAPH.includes(name)) {
    return 'shapes the module graph: give it beside useFactory, useClass or useExisting, not in their answer';
  }
  const similar = mostSimilar(name, known);
  const list = `are ${known.join(', ')}`;
  return similar === undefined ? `does not exist; known ${list}` : `does not exist; did you mean '${similar}'? Known ${list}`;
}

function mostSimilar(name: string, known: readonly string[]): string | undefined {
  const distances = known.map((candidate) => ({ candidate, distance: editDistance(name.toLowerCase(), candidate.toLowerCase()) }));
  const [best] = distances.sort((a, b) => a.distance - b.distance);
  return best !== undefined && best.distance <= Math.max(2, name.length / 2) ? best.candidate : undefined;
}

/** Letters to insert, remove or replace (Levenshtein). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      next.push(Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length]!;
}
