import { Injectable } from '@nestjs/common';
import { Activity } from 'nestjs-durable';

/** An activity of no interest in itself. */
@Injectable()
export class Echo {
  @Activity()
  echo(value: unknown): unknown {
    return value;
  }
}
