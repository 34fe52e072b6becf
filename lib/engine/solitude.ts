/**
 * Lets one suspect at a time run while nothing else does, so that it alone is to blame when the worker dies [Y8]. Between two of
 * them the others have a turn: many suspects do not stop the process.
 */
export class Solitude<S> {
  private waiting: S[] = [];
  private current: S | undefined;
  private isOthersTurn = false;

  add(slot: S): void {
    this.waiting.push(slot);
  }

  /** The suspect that runs, and those that wait. */
  get all(): readonly S[] {
    return this.current === undefined ? this.waiting : [this.current, ...this.waiting];
  }

  /** Whether suspects wait or run. */
  get isWanted(): boolean {
    return this.current !== undefined || this.waiting.length > 0;
  }

  /** Whether a suspect waits and none runs. */
  get isWaitedFor(): boolean {
    return this.current === undefined && this.waiting.length > 0;
  }

  /** Whether a suspect runs. */
  get isBegun(): boolean {
    return this.current !== undefined;
  }

  isAlone(slot: S): boolean {
    return this.current === slot;
  }

  /** Whether the slot may be worked on now. */
  admits(slot: S): boolean {
    if (this.current) return this.current === slot;
    return this.waiting.length === 0 || this.isOthersTurn;
  }

  /** The suspect that is to run now, as nothing is in the works. */
  begin(): S | undefined {
    if (this.current || this.isOthersTurn) return undefined;
    this.current = this.waiting.shift();
    return this.current;
  }

  /** The slot is done with its turn, or not for now. */
  end(slot: S): void {
    if (this.current !== slot) return;
    this.current = undefined;
    this.isOthersTurn = true;
  }

  othersHadTheirTurn(): void {
    this.isOthersTurn = false;
  }

  /** Nothing is taken up any more: those that wait are in the database. */
  clear(): void {
    this.waiting = [];
  }
}
