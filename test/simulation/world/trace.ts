import { createHash } from 'node:crypto';

/** What happened, line by line: a hash of it, to compare runs, and the lines themselves when somebody wants to read them. */
export class Trace {
  private readonly hash = createHash('sha1');

  /** @param write gets each line as it comes */
  constructor(private readonly now: () => number, private readonly write?: (line: string) => void) {}

  add(line: string): void {
    const text = `${this.now().toFixed(1).padStart(10)} ${line}`;
    this.hash.update(text);
    this.write?.(text);
  }

  digest(): string {
    return this.hash.digest('hex').slice(0, 16);
  }
}
