import { Injectable } from '@nestjs/common';
import { Activity, type ActivityContext } from 'nestjs-durable';
import { outputOf, refusalOf } from '../delivery/remote-end.js';
import { WarehouseApi } from '../delivery/warehouse-api.js';

/** What the warehouse is to look at. */
export interface ReturnedParcel {
  readonly orderId: string;
  readonly pieces: number;
  /** What the customer says of it. */
  readonly condition: string;
}

/** What the warehouse found. */
export interface Findings {
  readonly accepted: boolean;
  readonly remark: string;
}

/** The warehouse's task hub for returns: a second one behind the same API. */
const HUB = 'Returns';

/** The two requests of an inspection, each an activity. The key of the API stays out of the history. */
@Injectable()
export class Inspections {
  constructor(private readonly warehouse: WarehouseApi) {}

  /** Gives the id to ask for. Runs at least once, starts one inspection: 409 says that it was started before. */
  @Activity()
  async startInspection(parcel: ReturnedParcel, ctx: ActivityContext): Promise<string> {
    const id = `inspection-${parcel.orderId}`;
    const response = await this.request('POST', `orchestrators/inspect/${id}?onConflict=reject&taskHub=${HUB}`, ctx, JSON.stringify(parcel));
    if (response.status === 409) ctx.log.log(`${id} runs already`);
    else if (response.status !== 202) throw refusalOf(response.status, await response.text());
    return id;
  }

  /** Null as long as the inspection is not finished. */
  @Activity()
  async askForFindings(id: string, ctx: ActivityContext): Promise<Findings | null> {
    const response = await this.request('GET', `instances/${id}?taskHub=${HUB}`, ctx);
    return response.status === 202 ? null : outputOf<Findings>(response.status, await response.text());
  }

  private request(method: string, path: string, { signal }: ActivityContext, body?: string): Promise<Response> {
    const { url, headers } = this.warehouse.access();
    return fetch(`${url}/${path}`, { method, headers: { ...headers, 'content-type': 'application/json' }, body, signal });
  }
}
