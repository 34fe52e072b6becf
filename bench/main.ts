/** `npm run bench [-- [growth] [sqlite] [mysql] [measures…] [options]]`: see README.md. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { openDatabase } from './databases.js';
import { describeMachine } from './machine.js';
import { parseOptions } from './options.js';
import { headingOf, recordOf, tableOf, type DatabaseResult } from './report.js';
import { measureDatabase } from './suite.js';

const { kinds, binlog, finished, sleeping, ...selection } = parseOptions(process.argv.slice(2));
/** The compiled program is in build/bench/. */
const output = resolve(import.meta.dirname, selection.growth ? '../bench-growth.json' : '../bench-results.json');

const machine = describeMachine();
const results: DatabaseResult[] = [];
for (const kind of kinds) {
  const database = await openDatabase(kind, binlog);
  const { title, durability, column } = database;
  const progress = (step: string) => void process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${title}: ${step}\n`);
  const failed = (name: string, error: unknown) => {
    console.error(`${title}: ${name} failed:`, error instanceof Error ? error.stack : error);
    process.exitCode = 1;
  };
  try {
    const figures = await measureDatabase({ database, finished, sleeping, progress }, selection, failed);
    results.push({ database: title, durability, column, figures });
  } finally {
    await database.close();
  }
}

const date = new Date().toISOString().slice(0, 10);
console.log(`\n${date}, ${headingOf(machine, results)}\n\n${tableOf(results)}`);
mkdirSync(resolve(output, '..'), { recursive: true });
writeFileSync(output, `${JSON.stringify({ date, machine, results: results.map(recordOf) }, undefined, 2)}\n`);
console.log(`\nwritten to ${relative(process.cwd(), output)}`);
