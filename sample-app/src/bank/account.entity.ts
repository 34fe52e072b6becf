import { Entity, TaskEntity } from 'nestjs-durable';

/** An account: its key is the holder, its state the balance. */
@Entity()
export class Account extends TaskEntity<number> {
  override initializeState(): number {
    return 0;
  }

  balance(): number {
    return this.state;
  }

  deposit(amount: number): void {
    this.state += amount;
  }

  withdraw(amount: number): void {
    if (this.state < amount) throw new Error(`there are only ${this.state} in the account of ${this.context.entityKey}`);
    this.state -= amount;
  }
}
