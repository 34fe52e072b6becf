import { parseArgs } from 'node:util';
import { DATABASE_KINDS, type DatabaseKind } from './databases.js';
import { GROWTH_NAMES, STANDARD_NAMES, type Selection } from './suite.js';

export interface BenchOptions extends Selection {
  readonly kinds: readonly DatabaseKind[];
  /** Whether a private server gets a binary log. */
  readonly binlog: boolean;
  readonly finished: number;
  readonly sleeping: number;
}

const FINISHED = '1000000';
const SLEEPING = '100000';

/**
 * `[growth] [sqlite] [mysql] [names of measures…] [--binlog] [--finished n] [--sleeping n]`
 * @throws Error for anything else
 */
export function parseOptions(args: readonly string[]): BenchOptions {
  const { positionals, values } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      binlog: { type: 'boolean', default: false },
      finished: { type: 'string', default: FINISHED },
      sleeping: { type: 'string', default: SLEEPING },
    },
  });
  const growth = positionals.includes('growth');
  const known = growth ? GROWTH_NAMES : STANDARD_NAMES;
  const kinds = DATABASE_KINDS.filter((kind) => positionals.includes(kind));
  const names = known.filter((name) => positionals.includes(name));
  const unknown = positionals.find((each) => each !== 'growth' && !kinds.some((kind) => kind === each) && !names.includes(each));
  if (unknown !== undefined) {
    throw new Error(`'${unknown}' is nothing that the bench knows here: databases are ${DATABASE_KINDS.join(' and ')}, measures ${known.join(', ')}.`);
  }
  return {
    growth,
    kinds: kinds.length > 0 ? kinds : DATABASE_KINDS,
    names: names.length > 0 ? names : known,
    binlog: values.binlog,
    finished: countOf('finished', values.finished),
    sleeping: countOf('sleeping', values.sleeping),
  };
}

function countOf(option: string, text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count > 0) return count;
  throw new Error(`--${option} must be a whole number above 0, but got ${text}.`);
}
