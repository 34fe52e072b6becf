import type { SimulatedProcess } from './process.js';
import type { DatabaseWorld } from './simulated-database.js';

/** As drivers make them: what the storage layer knows is their codes. */
function driverError(code: string, errno: number, message: string): Error {
  return Object.assign(new Error(message), { code, errno });
}

const deadlock = () => driverError('ER_LOCK_DEADLOCK', 1213, 'Deadlock found when trying to get lock; try restarting transaction');
const lost = () => driverError('PROTOCOL_CONNECTION_LOST', 0, 'Connection lost: The server closed the connection.');

export const refused = () => driverError('ECONNREFUSED', 0, 'connect ECONNREFUSED');

/** Whether the error leaves open what became of a COMMIT. */
export function isAnswerLost(error: unknown): boolean {
  return (error as { code?: string }).code === 'PROTOCOL_CONNECTION_LOST';
}

/** Statements of the first transactions after which a fault may come. */
const MAX_STATEMENTS = 8;
/** Longest pause between statements, ms. */
const MAX_GAP = 400;

/** One connection, on which statements fail, and at which its process may die. */
export class FaultyConnection {
  private isInTransaction = false;
  /** Statements of the transaction until the fault. */
  private remaining = Infinity;
  private fault: 'deadlock' | 'crash' = 'deadlock';

  /** @param committed told of each transaction that was carried out */
  constructor(private readonly world: DatabaseWorld, private readonly process: SimulatedProcess, private readonly committed: (transaction: number) => void) {}

  async query(sql: string, run: () => Promise<unknown>): Promise<unknown> {
    if (sql.startsWith('BEGIN')) return this.begin(run);
    if (sql === 'COMMIT') return this.commit(run);
    if (sql === 'ROLLBACK') {
      this.isInTransaction = false;
      return run();
    }
    return this.isInTransaction ? this.inside(run) : this.alone(run);
  }

  private begin(run: () => Promise<unknown>): Promise<unknown> {
    const { memory, faults } = this.world;
    memory.transaction += 1;
    this.isInTransaction = true;
    this.remaining = Infinity;
    for (const fault of ['deadlock', 'crash'] as const) {
      if (fault === 'crash' && !this.process.isMortal) continue;
      if (!faults.strikes(fault === 'crash' ? 'crash in a transaction' : 'deadlock, rolled back', this.process.name)) continue;
      this.fault = fault;
      this.remaining = faults.random.between(1, MAX_STATEMENTS);
    }
    return run();
  }

  private inside(run: () => Promise<unknown>): Promise<unknown> {
    this.remaining -= 1;
    if (this.remaining > 0) return run();
    this.fail();
  }

  private fail(): never {
    if (this.fault === 'deadlock') throw deadlock();
    this.process.die();
    throw lost();
  }

  private async commit(run: () => Promise<unknown>): Promise<unknown> {
    const { faults } = this.world;
    const { name, isMortal } = this.process;
    // A transaction of fewer statements than the fault waited for.
    if (this.remaining < Infinity) this.fail();
    if (isMortal && faults.strikes('crash before COMMIT', name)) {
      this.process.die();
      throw lost();
    }
    if (faults.strikes('not committed, answer lost', name)) throw lost();
    const result = await run();
    this.isInTransaction = false;
    this.committed(this.world.memory.transaction);
    if (isMortal && faults.strikes('crash after COMMIT', name)) this.process.die();
    if (faults.strikes('committed, answer lost', name)) throw lost();
    return result;
  }

  /** A statement that is a transaction of its own. */
  private async alone(run: () => Promise<unknown>): Promise<unknown> {
    const { memory, faults, lane } = this.world;
    const { name } = this.process;
    if (faults.strikes('pause between statements', name)) await new Promise<void>((resolve) => lane.after(faults.random.between(1, MAX_GAP), resolve));
    if (faults.strikes('statement failed', name)) throw lost();
    if (memory.isInTransaction) throw new Error('The simulation is wrong: a statement came into another call\'s transaction.');
    memory.transaction += 1;
    const result = await run();
    if (faults.strikes('statement done, answer lost', name)) throw lost();
    return result;
  }
}
