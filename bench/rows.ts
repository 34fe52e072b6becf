/** The rows of the table: what each figure is called, how it is written, and what it should be. */
import { cpus } from 'node:os';

/** What targets depend on: a server without a binary log, a server that syncs one at each commit, SQLite. */
export type Column = 'mariadb' | 'binlog' | 'sqlite';

export interface Target {
  readonly bound: 'at least' | 'at most';
  /** Where there is none, the figure is only told. */
  readonly of: Readonly<Partial<Record<Column, number>>>;
}

export interface Row {
  readonly label: string;
  readonly format: (value: number) => string;
  readonly target?: Target;
}

const whole = (value: number) => Math.round(value).toString();
const decimals = (value: number) => value.toFixed(2);
const fine = (value: number) => value.toFixed(3);
const percent = (value: number) => `${Math.round(value * 100)} %`;

const row = (label: string, format: Row['format'], target?: Target): Row => ({ label, format, target });
const atLeast = (of: Target['of']): Target => ({ bound: 'at least', of });
const atMost = (of: Target['of']): Target => ({ bound: 'at most', of });

/** One process and its database keep two cores busy: a second process gains only where there are more. */
const TWO_PROCESSES = cpus().length > 2 ? 1.3 : 0.9;

const PAGE = atMost({ mariadb: 20 });

/** In the order of the table. Targets are those of two cores, a flush of 0.15 ms, and full durability. */
export const ROWS = {
  flush: row('machine: a flushed write of 4 KiB, ms', fine),
  processor: row('machine: small values through JSON and back, thousands/s', (value) => whole(value / 1_000)),
  raw: row('raw limit, checkpoints/s merged by 32', whole),
  generated: row('three activities, generated ids: orchestrations/s', whole, atLeast({ mariadb: 3_000, binlog: 2_000, sqlite: 4_000 })),
  generatedCheckpoints: row('generated ids: checkpoints per orchestration', decimals),
  generatedCommits: row('generated ids: commits per orchestration', decimals),
  generatedStatements: row('generated ids: statements per orchestration', decimals),
  supplied: row('three activities, supplied ids: orchestrations/s', whole),
  suppliedCheckpoints: row('supplied ids: checkpoints per orchestration', decimals),
  suppliedCommits: row('supplied ids: commits per orchestration', decimals),
  suppliedStatements: row('supplied ids: statements per orchestration', decimals),
  latencyP50: row('idle latency, p50, ms', decimals, atMost({ mariadb: 2.5, binlog: 5, sqlite: 1.5 })),
  latencyP99: row('idle latency, p99, ms', decimals, atMost({ mariadb: 8, binlog: 12, sqlite: 5 })),
  latencyCheckpoints: row('idle latency: checkpoints per orchestration, all started eagerly', decimals),
  fanOut: row('fan-out of 1 000 activities, s', fine, atMost({ mariadb: 0.1, binlog: 0.15, sqlite: 0.08 })),
  steps1000: row('1 000 activities in sequence, s', fine, atMost({ mariadb: 0.5, binlog: 1.2, sqlite: 0.25 })),
  steps2000: row('2 000 activities in sequence, s', fine, atMost({ mariadb: 1, binlog: 2.4, sqlite: 0.5 })),
  callers: row('1 000 calls of one entity by 32 orchestrations: operations/s', whole, atLeast({ mariadb: 4_000, binlog: 3_000, sqlite: 8_000 })),
  callersCheckpoints: row('calls of one entity: checkpoints per operation', decimals),
  callersCommits: row('calls of one entity: commits per operation', decimals),
  manyEntities: row('1 000 entities, a signal each: operations/s', whole, atLeast({ mariadb: 4_000, binlog: 3_000, sqlite: 8_000 })),
  manyEntitiesCheckpoints: row('a signal each: checkpoints per operation', decimals),
  manyEntitiesCommits: row('a signal each: commits per operation', decimals),
  oneEntity: row('1 000 signals to one entity: operations/s', whole),
  oneEntityCheckpoints: row('signals to one entity: checkpoints per operation', decimals),
  oneEntityCommits: row('signals to one entity: commits per operation', decimals),
  idleStatements: row('statements/s of an idle process', decimals, atMost({ mariadb: 3 })),
  purgeRatio: row('throughput while 100 000 instances are purged ÷ without', percent),
  purged: row('purged instances/s meanwhile, with their histories', whole),
  sleepers: row('sleeping orchestrations', whole),
  sleepersStarted: row('sleeping orchestrations: starts/s', whole, atLeast({ mariadb: 3_000, sqlite: 3_000 })),
  sleepersMemory: row('resident memory of the worker while they sleep, MB', whole, atMost({ mariadb: 250, sqlite: 250 })),
  sleepersMemoryAtFirst: row('resident memory of the worker just after their starts, MB', whole),
  sleepersMemoryBefore: row('resident memory of the worker before them, MB', whole),
  sleepersMemoryPeak: row('resident memory of the worker at most, from its start to their end, MB', whole),
  sleepersFinished: row('all due at once: finished/s', whole, atLeast({ mariadb: 2_000, sqlite: 2_000 })),
  processes1: row('one worker process: orchestrations/s', whole),
  processes2: row('two worker processes: orchestrations/s', whole),
  processes4: row('four worker processes: orchestrations/s', whole),
  processes2Ratio: row('two worker processes ÷ one', percent, atLeast({ mariadb: TWO_PROCESSES })),
  processes4Ratio: row('four worker processes ÷ one', percent),
  processesSupplied1: row('one worker process, supplied ids: orchestrations/s', whole),
  processesSupplied2: row('two worker processes, supplied ids: orchestrations/s', whole),
  processesSupplied4: row('four worker processes, supplied ids: orchestrations/s', whole),
  finished: row('finished instances in the tables', whole),
  finishedRatio: row('throughput with them ÷ with empty tables', percent, atLeast({ mariadb: 0.85 })),
  pageAll: row('getStatusBy, first page, no filter, ms', decimals, PAGE),
  pageStatus: row('getStatusBy, runtimeStatus of nearly all, ms', decimals, PAGE),
  pageStatusRare: row('getStatusBy, runtimeStatus of one in 10 000, ms', decimals, PAGE),
  pageStatusNone: row('getStatusBy, runtimeStatus of none, ms', decimals, PAGE),
  pageCreatedFrom: row('getStatusBy, createdTimeFrom (the last 1 000), ms', decimals, PAGE),
  pageCreatedTo: row('getStatusBy, createdTimeTo (the first 1 000), ms', decimals, PAGE),
  pageName: row('getStatusBy, name of nearly all, ms', decimals, PAGE),
  pageNameRare: row('getStatusBy, name of one in 10 000, ms', decimals, PAGE),
  pagePrefix: row('getStatusBy, instanceIdPrefix of one in 10 000, ms', decimals, PAGE),
  pageTags: row('getStatusBy, tags of one in 10 000, ms', decimals, PAGE),
  partitions4: row('4 partitions: orchestrations/s', whole),
  partitions16: row('16 partitions: orchestrations/s', whole),
  partitions64: row('64 partitions: orchestrations/s', whole),
  payload100B: row('payloads of 100 B: orchestrations/s', whole),
  payload10KB: row('payloads of 10 KB: orchestrations/s', whole),
  payload1MB: row('payloads of 1 MB: orchestrations/s', decimals),
  history10Warm: row('a step behind 10 events, warm, ms', decimals),
  history10Cold: row('a step behind 10 events, replayed, ms', decimals),
  history1000Warm: row('a step behind 1 000 events, warm, ms', decimals),
  history1000Cold: row('a step behind 1 000 events, replayed, ms', decimals),
  history10000Warm: row('a step behind 10 000 events, warm, ms', decimals),
  history10000Cold: row('a step behind 10 000 events, replayed, ms', decimals),
  amongNone: row('no finished instances: orchestrations/s', whole),
  amongTenth: row('a tenth of the finished instances below: orchestrations/s', whole),
  amongAll: row('all finished instances: orchestrations/s', whole),
  amongCount: row('all finished instances are', whole),
} satisfies Readonly<Record<string, Row>>;

export type RowName = keyof typeof ROWS;
