/** Random programs. Whatever they wait for comes in the end: what has no time-out of its own is fed by calls of the client. */
import { list } from '../../chaos/plan.js';
import type { Random } from '../../chaos/random.js';
import type { ActivityWork, ChildWork, Generation, Operation, Program, Retry, Step, WaitWork, Work } from './program.js';

export interface Nature {
  /** Other instances that events may be sent to. */
  readonly peers: readonly string[];
  /** Whether waits without time-out are allowed: somebody raises the events. */
  readonly isFed: boolean;
  /** Entities, given ids and events, which a second run of the same program would meet again, are left out. */
  readonly isRepeatable: boolean;
  /** One activity fails, and with it the program, until it is repaired; nothing else makes it fail. */
  readonly isFlawed: boolean;
  /** How deep sub-orchestrations may lie. */
  readonly depth: number;
  readonly maxGenerations: number;
}

export const KEYS: readonly string[] = ['a', 'b', 'c', 'd'];
/** Case does not matter [E1]. */
const EVENTS = ['go', 'Go', 'stop'];
const LONGEST = 20_000;

export function generateProgram(id: string, random: Random, nature: Nature): Program {
  return new Generator(id, random, nature).program();
}

class Generator {
  private numbers = 0;
  private isInSection = false;

  constructor(private readonly id: string, private readonly random: Random, private readonly nature: Nature) {}

  program(): Program {
    const { random, nature } = this;
    const count = random.chance(0.7) ? 1 : random.between(1, nature.maxGenerations);
    const generations = list(count, (index) => this.generation(index + 1 === count));
    return { id: this.id, generations };
  }

  private generation(isLast: boolean): Generation {
    const { random, nature } = this;
    const steps = list(random.between(1, 4), () => this.step());
    if (nature.isFlawed && isLast) steps.splice(random.between(0, steps.length), 0, { kind: 'do', work: { ...this.activity(), retry: undefined, failures: 0, isFlawed: true }, isFatal: true });
    if (!nature.isRepeatable && !nature.isFlawed && random.chance(0.1)) steps.push(this.section(true));
    if (isLast && !nature.isFlawed && random.chance(0.12)) steps.push({ kind: 'throw' });
    // Waits that somebody counts on must not lose their events.
    return { steps, preserves: nature.isFed || random.chance(0.7) };
  }

  private step(): Step {
    const { random, nature } = this;
    const choice = random.next();
    if (choice < 0.55) return { kind: 'do', work: this.work(2), ...(!nature.isFlawed && random.chance(0.08) && { isFatal: true }) };
    if (choice < 0.65) return { kind: 'later', work: this.work(1), steps: list(random.between(1, 2), () => this.plainStep()) };
    if (choice < 0.70) return { kind: 'abandon', work: random.chance(0.5) ? { kind: 'timer', ms: random.between(1, LONGEST) } : this.activity() };
    if (choice < 0.75) return { kind: 'guid' };
    if (choice < 0.80) return { kind: 'status', value: { at: this.label() } };
    if (nature.isRepeatable) return { kind: 'do', work: this.activity() };
    if (choice < 0.85 && nature.peers.length > 0) return { kind: 'send', to: random.pick(nature.peers), event: random.pick(EVENTS), mark: this.label() };
    if (choice < 0.92) return this.signal(KEYS);
    return this.section(false);
  }

  private plainStep(): Step {
    const { random } = this;
    return random.chance(0.3) ? { kind: 'guid' } : { kind: 'do', work: this.leaf() };
  }

  private section(holdsOn: boolean): Step {
    const { random, nature } = this;
    const keys = pickSome(KEYS, random.between(1, 3), random);
    const others = KEYS.filter((key) => !keys.includes(key));
    this.isInSection = true;
    const steps = list(random.between(0, 3), (): Step => {
      if (random.chance(0.2)) return { kind: 'do', work: this.activity() };
      if (random.chance(0.15) && others.length > 0) return this.signal(others);
      return { kind: 'do', work: { kind: 'call', operation: { ...this.operation(keys), starts: undefined } } };
    });
    if (!nature.isFlawed && random.chance(0.08)) steps.push({ kind: 'throw' });
    this.isInSection = false;
    return { kind: 'section', keys, steps, holdsOn };
  }

  private signal(keys: readonly string[]): Step {
    const { random } = this;
    return { kind: 'signal', operation: this.operation(keys), ...(random.chance(0.3) && { delay: random.between(0, LONGEST) }) };
  }

  private work(depth: number): Work {
    const { random, nature } = this;
    if (depth === 0 || random.chance(0.6)) return this.leaf();
    if (!nature.isRepeatable && nature.depth > 0 && random.chance(0.06)) return this.twins();
    const kind = random.pick(['all', 'any', 'allSettled'] as const);
    return { kind, of: list(random.between(kind === 'any' ? 1 : 0, 4), () => this.work(depth - 1)), cancels: random.chance(0.5) };
  }

  private leaf(): Work {
    const { random, nature } = this;
    const choice = random.next();
    if (choice < 0.45) return this.activity();
    if (choice < 0.58) return { kind: 'timer', ms: random.between(-5, LONGEST), ...(random.chance(0.1) && { cancelled: true }) };
    if (choice < 0.72) return this.wait();
    if (choice < 0.85 && nature.depth > 0) return this.child();
    return nature.isRepeatable ? this.activity() : { kind: 'call', operation: this.operation(KEYS) };
  }

  private activity(): ActivityWork {
    const { random } = this;
    const failures = random.chance(0.7) ? 0 : random.between(1, 3);
    return {
      kind: 'activity', label: this.label(), ms: random.chance(0.3) ? 0 : random.between(1, 3_000), failures,
      ...(random.chance(0.5) && { retry: this.retry() }),
      ...(random.chance(0.1) && { isNonRetriable: true }),
    };
  }

  private retry(): Retry {
    const { random } = this;
    const handle = random.pick([undefined, undefined, true, false, 250]);
    return { attempts: random.between(1, 4), interval: random.between(1, 2_000), backoff: random.pick([1, 2]), ...(handle !== undefined && { handle }) };
  }

  private wait(): WaitWork {
    const { random, nature } = this;
    const event = random.pick(EVENTS);
    if (nature.isFed && random.chance(0.5)) return { kind: 'wait', event };
    return { kind: 'wait', event, timeout: random.between(0, LONGEST), ...(random.chance(0.5) && { hasDefault: true }) };
  }

  /** @param isTwin it may have lost its id when a rewind comes to it, and is begun anew then [K8] */
  private child(isTwin = false): ChildWork {
    const { random, nature } = this;
    const id = this.label();
    const isRetried = random.chance(0.2);
    // Nobody feeds a child; attempts are runs of the same program.
    const program = generateProgram(id, random, {
      ...nature, isFed: false, isFlawed: false, depth: nature.depth - 1, maxGenerations: 2, isRepeatable: nature.isRepeatable || isRetried || isTwin,
    });
    const isNamed = !nature.isRepeatable && !isRetried && random.chance(0.4);
    return { kind: 'child', program, ...(isNamed && { instanceId: `child-${id}` }), ...(isRetried && { attempts: random.between(1, 3) }) };
  }

  /** Two children under one id: the second one is refused, unless the first has ended by then [S3]. */
  private twins(): Work {
    const instanceId = `twin-${this.label()}`;
    const first = { ...this.child(true), attempts: undefined, instanceId };
    const second = { ...this.child(true), attempts: undefined, instanceId, isTwin: true };
    return { kind: 'allSettled', of: [first, second], cancels: false };
  }

  private operation(keys: readonly string[]): Operation {
    const { random, nature, isInSection } = this;
    const key = random.pick(keys);
    const amount = random.between(-40, 40);
    const passTo = !isInSection && random.chance(0.15) ? random.pick(KEYS.filter((other) => other !== key)) : undefined;
    const id = this.label();
    const starts = !isInSection && random.chance(0.08)
      ? generateProgram(`${id}d`, random, { ...nature, isFed: false, isFlawed: false, depth: 0, maxGenerations: 1, isRepeatable: true })
      : undefined;
    return {
      key, id, amount, ms: random.chance(0.5) ? 0 : random.between(1, 1_500),
      ...(amount < 0 && random.chance(0.5) && { isGuarded: true }), ...(random.chance(0.1) && { fails: true }),
      ...(passTo !== undefined && { passTo }), ...(starts && { starts }),
    };
  }

  /** Ascending in the order of the program. */
  private label(): string {
    this.numbers += 1;
    return `${this.id}.${this.numbers}`;
  }
}

/** Some of these, in any order. */
export function pickSome<T>(choices: readonly T[], count: number, random: Random): T[] {
  const left = [...choices];
  return list(Math.min(count, left.length), () => left.splice(random.between(0, left.length - 1), 1)[0]!);
}
