/**
 * What the two halves of the simulation know of each other: `world/` runs virtual processes on a virtual clock and injects
 * faults, `scenario/` says what is done in them and what must have come out of it.
 */
import type { HandlerRegistry } from '../../lib/engine/handlers.js';
import type { DurableClient } from '../../lib/index.js';
import type { Random } from '../chaos/random.js';
import type { StoredTables } from '../chaos/checker/tables.js';

/** All of it follows from the seed, before anything runs. */
export interface Scenario {
  /** In the words of a report: how many programs, instances, transfers. */
  readonly summary: string;
  readonly calls: readonly TimedCall[];
  /** Handlers of one virtual process; each gets objects of its own. */
  handlers(process: VirtualProcess): HandlerRegistry;
  /** What is wrong with what came out; empty when all is well. */
  check(run: RunRecord): string[];
}

export type CreateScenario = (random: Random) => Scenario;

/** What the code of handlers may use of the process that it runs in. */
export interface VirtualProcess {
  /** Unique in a run, also among the starts of one worker. */
  readonly name: string;
  /** Resolves after so many ms of virtual time; never once the process is dead. */
  sleep(ms: number): Promise<void>;
  /** Notes that something happened outside of the database. */
  effect(effect: Omit<Effect, 'at' | 'process'>): void;
}

export interface Effect {
  readonly kind: 'begin' | 'end';
  /** Which activity or operation: unique for what must happen once. */
  readonly work: string;
  /** Virtual ms. */
  readonly at: number;
  readonly process: string;
  readonly detail?: unknown;
}

/** A call of a client, made when its time has come. */
export interface TimedCall {
  /** Virtual ms from the beginning of the run. */
  readonly at: number;
  /** In the process that only has a client and never dies, or in one of the workers, which may die meanwhile. */
  readonly from: 'client' | 'worker';
  /** For reports: `raiseEvent a 'go'`. */
  readonly title: string;
  /** @param process the one that makes the call */
  run(client: DurableClient, process: Pick<VirtualProcess, 'sleep'>): Promise<unknown>;
}

export interface CallOutcome {
  readonly call: TimedCall;
  /** Virtual ms. */
  readonly began: number;
  readonly ended: number;
  /** Unknown: its process died, or no worker was there to make it. */
  readonly kind: 'answered' | 'failed' | 'unknown';
  readonly result?: unknown;
  readonly error?: Error;
}

/** A change of a row, in the order of the database: written by triggers, so rolled back with its transaction. */
export interface AuditEntry {
  readonly order: number;
  /** The same for all changes of one transaction, ascending. */
  readonly transaction: number;
  /** Virtual ms. */
  readonly at: number;
  readonly table: string;
  readonly change: 'insert' | 'update' | 'delete';
  /** All columns of the row after it, for `delete` before it, by their names in the database. */
  readonly row: Readonly<Record<string, unknown>>;
  /** Before an `update`. */
  readonly before?: Readonly<Record<string, unknown>>;
}

/** How a run went. It ends when all has ended, or when virtual time is up. */
export interface RunRecord {
  /** Whether everything came to its end in time. */
  readonly isSettled: boolean;
  readonly tables: StoredTables;
  readonly audit: readonly AuditEntry[];
  readonly effects: readonly Effect[];
  readonly outcomes: readonly CallOutcome[];
  /** Lines of the engines' logs of level warn and error. */
  readonly log: readonly string[];
}
