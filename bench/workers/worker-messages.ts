import type { StorageOptions } from '../../lib/index.js';
import type { BenchSettings } from '../application/application.js';
import type { Ids } from '../measures/throughput.js';

/** What a process of worker.ts is told at its start, as JSON in its first argument. */
export interface WorkerConfig {
  readonly storage: StorageOptions;
  readonly settings?: BenchSettings;
}

export interface Load {
  /** Sequences under way at the same time. */
  readonly inFlight: number;
  readonly ids: Ids;
  /** ms before it counts. */
  readonly warmUp: number;
  /** ms over which it counts. */
  readonly duration: number;
}

export interface Sleepers {
  readonly count: number;
  /** When they wake, epoch ms. */
  readonly until: number;
}

export interface Awakening {
  /** When the sleepers wake, epoch ms. */
  readonly until: number;
  /** How many episodes the worker has run when the last of them has ended: two for each that ever slept. */
  readonly episodes: number;
}

export interface Pace {
  readonly seconds: number;
  readonly checkpoints: number;
}

export interface Memory {
  /** Resident now, bytes: as the operating system tells it, garbage included. */
  readonly resident: number;
  /** The most that was ever resident, bytes. */
  readonly peak: number;
}

/** What a worker can be asked for, one thing at a time. */
export interface WorkerCalls {
  /** Partitions that it owns now. */
  owned(): number;
  /** Starts sequences and awaits them; answers how many ended per second. */
  carry(load: Load): Promise<number>;
  /** Starts orchestrations that sleep; answers when all are durable. */
  startSleepers(sleepers: Sleepers): Promise<Pace>;
  /** To be asked for while they sleep; answers when all have ended, with the time since they were due. */
  awaken(awakening: Awakening): Promise<Pace>;
  memory(): Memory;
  close(): Promise<void>;
}

export type Call = keyof WorkerCalls;

export interface WorkerRequest<C extends Call = Call> {
  readonly call: C;
  readonly argument: Parameters<WorkerCalls[C]>[0];
}

export type WorkerMessage =
  | { readonly type: 'ready' }
  | { readonly type: 'answer'; readonly value: unknown }
  | { readonly type: 'failed'; readonly text: string };
