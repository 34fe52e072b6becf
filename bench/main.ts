/** `npm run bench [-- sqlite | mysql]`: see README.md. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { DATABASE_KINDS, openDatabase, type DatabaseKind } from './databases.js';
import { describeMachine } from './machine.js';
import { headingOf, tableOf } from './report.js';
import { measureDatabase, type DatabaseResult } from './suite.js';

/** The compiled program is in build/bench/. */
const OUTPUT = resolve(import.meta.dirname, '../bench-results.json');

const machine = await describeMachine();
const results: DatabaseResult[] = [];
for (const kind of kindsOf(process.argv.slice(2))) {
  const database = await openDatabase(kind);
  try {
    results.push(await measureDatabase(database, (step) => process.stderr.write(`${database.title}: ${step}\n`)));
  } finally {
    await database.close();
  }
}

const date = new Date().toISOString().slice(0, 10);
console.log(`\n${date}, ${headingOf(machine, results)}\n\n${tableOf(results)}`);
mkdirSync(resolve(OUTPUT, '..'), { recursive: true });
writeFileSync(OUTPUT, `${JSON.stringify({ date, machine, results }, undefined, 2)}\n`);
console.log(`\nwritten to ${relative(process.cwd(), OUTPUT)}`);

function kindsOf(names: readonly string[]): readonly DatabaseKind[] {
  const unknown = names.find((name) => !DATABASE_KINDS.some((kind) => kind === name));
  if (unknown !== undefined) throw new Error(`'${unknown}' is no database of the bench; there are ${DATABASE_KINDS.join(' and ')}.`);
  return names.length === 0 ? DATABASE_KINDS : (names as readonly DatabaseKind[]);
}
