import { Entity, TaskEntity } from 'nestjs-durable';

/** Its state is what was written, in its order. */
@Entity()
export class Diary extends TaskEntity<unknown[]> {
  override initializeState(): unknown[] {
    return [];
  }

  write(entry: unknown): void {
    this.state.push(entry);
  }
}
