import { Controller, Get, Query } from '@nestjs/common';
import { DurableClient, InjectDurableClient } from 'nestjs-durable';
import { asBadRequest } from '../support/bad-request.js';
import { RETURNS } from './inspection.service.js';

/** For the people of the warehouse: the second task hub through its own client. */
@Controller('inspections')
export class InspectionsController {
  constructor(@InjectDurableClient(RETURNS) private readonly client: DurableClient) {}

  @Get()
  async list(@Query('page') continuationToken?: string) {
    const page = await this.client.getStatusBy({ name: 'inspect', continuationToken }).catch(asBadRequest);
    const inspections = page.instances.map(({ instanceId, runtimeStatus, output }) => ({ id: instanceId, status: runtimeStatus, findings: output ?? null }));
    return { inspections, nextPage: page.continuationToken };
  }
}
