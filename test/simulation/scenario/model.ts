/** Whether what a program saw is what it may have seen. */
import { isDeepStrictEqual } from 'node:util';
import {
  allSteps, TIMED_OUT, type ActivityWork, type ChildWork, type Generation, type Leaf, type Note, type Operation, type Program, type Seen, type Sending, type Step, type WaitWork,
  type Work,
} from './program.js';

/** What is to be known of a scenario. */
export interface Circumstances {
  /** Events by their marks, whoever sent them. */
  readonly sendings: ReadonlyMap<string, Sending>;
  readonly isRepaired: (label: string) => boolean;
  /** Answers in its critical sections may be those of the section before a rewind. */
  readonly isRewound: boolean;
}

/** What a program did, by what it saw. */
export interface Account {
  readonly problems: string[];
  /** Children included. */
  readonly operations: PerformedOperation[];
  readonly sent: Sending[];
  /** Marks of events that waits took, with the name that they waited for; children not included. */
  readonly taken: { readonly event: string; readonly mark: string }[];
  /** Children not included. */
  readonly guids: string[];
  /** The last custom status that it has set. */
  customStatus?: unknown;
}

export interface PerformedOperation {
  readonly operation: Operation;
  /** `sent`: it will be carried out; `may`: it was called last, and perhaps never sent; else how a call was answered. */
  readonly outcome: 'sent' | 'may' | 'ok' | 'failed';
}

/**
 * @param end how the program ended
 * @param begin the generation that it began with: a restart repeats the last one [K4], without the custom status of those before
 */
export function explain(program: Program, trace: readonly Note[], end: 'Completed' | 'Failed', circumstances: Circumstances, begin = 0): Account {
  const walk = new Walk(trace, circumstances);
  const isCutShort = program.generations.some((generation, index) => {
    if (index === begin) walk.account.customStatus = undefined;
    return walk.isEnd(generation);
  });
  const { problems } = walk.account;
  if (isCutShort !== (end === 'Failed')) problems.push(`it is ${end}, but by what it saw it should ${isCutShort ? 'have failed' : 'not have failed'}`);
  if (walk.left > 0) problems.push(`it noted ${walk.left} things more than it has steps`);
  return walk.account;
}

class Walk {
  readonly account: Account = { problems: [], operations: [], sent: [], taken: [], guids: [] };
  private place = 0;
  private time = 0;

  constructor(private readonly trace: readonly Note[], private readonly circumstances: Circumstances) {}

  get left(): number {
    return this.trace.length - this.place;
  }

  /** Whether the program ended in it by a failure. */
  isEnd({ steps }: Generation): boolean {
    return this.walk(steps);
  }

  private walk(steps: readonly Step[]): boolean {
    return steps.some((step) => this.walkOne(step));
  }

  private walkOne(step: Step): boolean {
    const { account } = this;
    switch (step.kind) {
      case 'do':
        return this.look(step.work) === 'failed' && step.isFatal === true;
      case 'later': {
        if (this.walk(step.steps)) return true;
        this.look(step.work);
        return false;
      }
      case 'abandon':
        return false;
      case 'status':
        account.customStatus = step.value;
        return false;
      case 'guid':
        this.lookAtGuid();
        return false;
      case 'send':
        account.sent.push(step);
        return false;
      case 'signal':
        account.operations.push({ operation: step.operation, outcome: 'sent' });
        return false;
      case 'section': {
        if (this.walk(step.steps)) return true;
        const note = this.next('section');
        if (note && !note.isIsolated && !this.circumstances.isRewound) account.problems.push(`somebody else was in its section of ${step.keys.join(', ')} [L1]`);
        return false;
      }
      case 'throw':
        return true;
    }
  }

  private next<K extends Note['step']>(step: K): Extract<Note, { step: K }> | undefined {
    const note = this.trace[this.place];
    if (note?.step !== step) {
      this.account.problems.push(`note ${this.place} is ${JSON.stringify(note)}, in place of one of '${step}'`);
      return undefined;
    }
    this.place += 1;
    return note as Extract<Note, { step: K }>;
  }

  private look(work: Work): Seen['end'] | undefined {
    const note = this.next('do');
    if (!note) return undefined;
    if (note.saw.end === 'open') this.refuse(work, note.saw, 'it was waited for');
    this.check(work, note.saw);
    return note.saw.end;
  }

  private lookAtGuid(): void {
    const note = this.next('guid');
    if (!note) return;
    if (note.time < this.time) this.account.problems.push(`its time went back from ${this.time} to ${note.time} [O11]`);
    this.time = note.time;
    this.account.guids.push(note.guid);
  }

  private check(work: Work, seen: Seen): void {
    if ('of' in work) return this.checkComposite(work, seen);
    if (work.kind === 'call') this.account.operations.push({ operation: work.operation, outcome: seen.end === 'open' ? 'may' : seen.end });
    if (seen.end !== 'open') this.checkLeaf(work, seen);
  }

  private checkComposite(work: Extract<Work, { of: unknown }>, seen: Seen): void {
    const parts = seen.of ?? [];
    if (parts.length !== work.of.length) return this.refuse(work, seen, `it has ${work.of.length} parts`);
    parts.forEach((part, index) => this.check(work.of[index]!, part));
    const ends = parts.map(({ end }) => end);
    if (work.kind === 'any') {
      if (seen.end !== 'open' && ends[seen.winner ?? -1] === 'open') this.refuse(work, seen, 'its winner is open [O6]');
      if (seen.end === 'failed') this.refuse(work, seen, 'it never fails [O6]');
      if (seen.end === 'ok' && ends[seen.winner ?? -1] === undefined) this.refuse(work, seen, 'it has a winner [O6]');
      if (seen.end === 'open' && ends.some((end) => end !== 'open')) this.refuse(work, seen, 'a part of it has ended [O6]');
      return;
    }
    const failures = parts.filter(({ end }) => end === 'failed');
    const expected = work.kind === 'all' && failures.length > 0 ? 'failed' : ends.includes('open') ? 'open' : 'ok';
    if (seen.end !== expected) return this.refuse(work, seen, `it is to be ${expected} [O5]`);
    if (seen.end === 'failed' && !failures.some(({ error }) => error === seen.error)) this.refuse(work, seen, 'no part of it failed so [O5]');
  }

  private checkLeaf(work: Leaf, seen: Seen): void {
    switch (work.kind) {
      case 'activity':
        return this.expect(work, seen, outcomesOf(work, this.circumstances));
      case 'timer':
        return this.expect(work, seen, [work.cancelled ? { end: 'failed', error: 'TaskCanceledError' } : { end: 'ok' }]);
      case 'wait':
        return this.checkWait(work, seen);
      case 'child':
        return this.checkChild(work, seen);
      case 'call':
        return this.expect(work, seen, answersTo(work.operation));
    }
  }

  private checkWait(work: WaitWork, seen: Seen): void {
    const { event, timeout, hasDefault } = work;
    if (typeof seen.value === 'string' && seen.value !== TIMED_OUT) {
      const sending = this.circumstances.sendings.get(seen.value);
      if (sending?.event.toLowerCase() !== event.toLowerCase()) this.refuse(work, seen, 'nobody sent this event [E1]');
      this.account.taken.push({ event: event.toLowerCase(), mark: seen.value });
    } else if (timeout === undefined) this.refuse(work, seen, 'it has no time-out [E3]');
    else this.expect(work, seen, [hasDefault ? { end: 'ok', value: TIMED_OUT } : { end: 'failed', error: 'TaskTimeoutError' }]);
  }

  private checkChild(work: ChildWork, seen: Seen): void {
    if (seen.end === 'failed') {
      const errors = [...(canFail(work.program) ? ['ProgramFailure'] : []), ...(work.isTwin ? ['InstanceAlreadyExistsError'] : [])];
      return this.expect(work, seen, errors.map((error) => ({ end: 'failed', error })));
    }
    const { problems, operations, sent } = explain(work.program, seen.value as readonly Note[], 'Completed', this.circumstances);
    this.account.problems.push(...problems.map((problem) => `${work.program.id}: ${problem}`));
    this.account.operations.push(...operations);
    this.account.sent.push(...sent);
  }

  private expect(work: Leaf, seen: Seen, allowed: readonly Seen[]): void {
    if (!allowed.some((each) => isDeepStrictEqual(each, seen))) this.refuse(work, seen, `in place of ${JSON.stringify(allowed)}`);
  }

  private refuse(work: Work, seen: Seen, why: string): void {
    this.account.problems.push(`${work.kind} ${JSON.stringify(work)} ended with ${JSON.stringify(seen)}: ${why}`);
  }
}

/** How an activity ends, with its retries [R1–R3], [A6]. */
function outcomesOf({ label, failures, retry, isFlawed, isNonRetriable }: ActivityWork, { isRepaired }: Circumstances): Seen[] {
  const failed: Seen = { end: 'failed', error: isNonRetriable ? 'NonRetriableError' : 'ExpectedFailure' };
  const attempts = isNonRetriable || retry?.handle === false ? 1 : (retry?.attempts ?? 1);
  const ok: Seen = { end: 'ok', value: { label, attempt: failures + 1 } };
  if (isFlawed) return isRepaired(label) ? [ok, failed] : [failed];
  return [failures < attempts ? ok : failed];
}

function answersTo({ id, isGuarded, fails }: Operation): Seen[] {
  return [
    fails ? { end: 'failed', error: 'ExpectedFailure' } : { end: 'ok', value: id },
    ...(isGuarded ? [{ end: 'failed', error: 'InsufficientFundsError' } as const] : []),
  ];
}

/** Whether a program may end by a failure. */
export function canFail(program: Program): boolean {
  return [...allSteps(program)].some((step) => step.kind === 'throw' || (step.kind === 'do' && step.isFatal));
}
