/** What one orchestration of the simulation does, as plain data: known from the start, so that a model knows how it may end. */

export interface Program {
  /** Unique in a scenario: labels of its work and ids of its operations begin with it. */
  readonly id: string;
  /** One after the other, by continueAsNew. */
  readonly generations: readonly Generation[];
}

export interface Generation {
  readonly steps: readonly Step[];
  /** Whether the continueAsNew behind it hands on what nobody has waited for [C1]; without meaning in the last one. */
  readonly preserves: boolean;
}

export type Step =
  /** `isFatal`: a failure of it ends the program. */
  | { readonly kind: 'do'; readonly work: Work; readonly isFatal?: boolean }
  /** The work begins before the steps and is waited for behind them [O8]. */
  | { readonly kind: 'later'; readonly work: Work; readonly steps: readonly Step[] }
  /** The work is never waited for [O10]. */
  | { readonly kind: 'abandon'; readonly work: Work }
  | { readonly kind: 'status'; readonly value: unknown }
  /** Notes a newGuid and the time. */
  | { readonly kind: 'guid' }
  | ({ readonly kind: 'send' } & Sending)
  | { readonly kind: 'signal'; readonly operation: Operation; readonly delay?: number }
  /** A critical section [L1]; `holdsOn`: its lock ends with the generation. */
  | { readonly kind: 'section'; readonly keys: readonly string[]; readonly steps: readonly Step[]; readonly holdsOn: boolean }
  | { readonly kind: 'throw' };

export interface Sending {
  readonly to: string;
  readonly event: string;
  /** The data of the event: unique in a scenario. */
  readonly mark: string;
}

/** What a task is made of. */
export type Work =
  | Leaf
  /** `cancels`: what is still open of it in the end is cancelled, waits for events always. */
  | { readonly kind: 'all' | 'any' | 'allSettled'; readonly of: readonly Work[]; readonly cancels: boolean };

export type Leaf =
  | ActivityWork
  /** `cancelled`: right after it was made [T2]. */
  | { readonly kind: 'timer'; readonly ms: number; readonly cancelled?: boolean }
  | WaitWork
  | ChildWork
  | { readonly kind: 'call'; readonly operation: Operation };

export interface ActivityWork {
  readonly kind: 'activity';
  readonly label: string;
  /** Duration, ms. */
  readonly ms: number;
  /** Attempts that fail, from the first. */
  readonly failures: number;
  readonly retry?: Retry;
  /** It fails until the program is repaired, which comes before a rewind. */
  readonly isFlawed?: boolean;
  readonly isNonRetriable?: boolean;
}

export interface Retry {
  readonly attempts: number;
  readonly interval: number;
  readonly backoff: number;
  /** What `handle` answers [R3]; absent: there is none. */
  readonly handle?: boolean | number;
}

export interface WaitWork {
  readonly kind: 'wait';
  readonly event: string;
  readonly timeout?: number;
  /** A time-out gives {@link TIMED_OUT} rather than an error [E3]. */
  readonly hasDefault?: boolean;
}

export interface ChildWork {
  readonly kind: 'child';
  readonly program: Program;
  readonly instanceId?: string;
  readonly attempts?: number;
  /** Another call may have the same instance id at the same time [S3]. */
  readonly isTwin?: boolean;
}

/** An operation that changes a ledger. */
export interface Operation {
  readonly key: string;
  /** Unique in a scenario. */
  readonly id: string;
  readonly amount: number;
  /** Duration, ms. */
  readonly ms: number;
  /** Refused where it would make the balance negative. */
  readonly isGuarded?: boolean;
  /** It throws when all is done [N5]. */
  readonly fails?: boolean;
  /** Another ledger, which gets a signal with the same amount. */
  readonly passTo?: string;
  /** Starts an orchestration of its own, detached. */
  readonly starts?: Program;
}

export const TIMED_OUT = 'timed out';
export const OPENING_BALANCE = 100;

/** Durable names. */
export const PROGRAM = 'program';
export const ACTIVITY = 'work';
export const LEDGER = 'ledger';

/** What goes from one generation to the next. */
export interface ProgramInput {
  readonly program: Program;
  readonly generation: number;
  readonly trace: readonly Note[];
}

/** What a program saw, step by step: its output, whose form the program decides. */
export type Note =
  | { readonly step: 'do'; readonly saw: Seen }
  | { readonly step: 'guid'; readonly guid: string; readonly time: number }
  /** Whether nobody else was in the section: balances and numbers of entries changed by its own operations only. */
  | { readonly step: 'section'; readonly isIsolated: boolean };

/** How a task ended, with all that it is made of. */
export interface Seen {
  readonly end: 'open' | 'ok' | 'failed';
  readonly value?: unknown;
  /** Name of what it failed with. */
  readonly error?: string;
  readonly of?: readonly Seen[];
  /** Of `any`: which one won. */
  readonly winner?: number;
}

export interface LedgerState {
  readonly balance: number;
  /** In the order in which they were carried out. */
  readonly entries: readonly LedgerEntry[];
}

export interface LedgerEntry {
  readonly id: string;
  readonly amount: number;
}

/** The signal that an operation passes on. */
export function passedOn({ passTo, id, amount }: Operation): Operation | undefined {
  return passTo === undefined ? undefined : { key: passTo, id: `${id}>`, amount, ms: 0 };
}

/** Every step, those within others included. */
export function* allSteps(program: Program): Generator<Step> {
  for (const { steps } of program.generations) yield* nestedSteps(steps);
}

function* nestedSteps(steps: readonly Step[]): Generator<Step> {
  for (const step of steps) {
    yield step;
    if ('steps' in step) yield* nestedSteps(step.steps);
  }
}

/** The parts of a piece of work that are no composites. */
export function leavesOf(work: Work): Leaf[] {
  return 'of' in work ? work.of.flatMap(leavesOf) : [work];
}
