import { Body, Controller, Get, HttpCode, NotFoundException, Param, Post, Query } from '@nestjs/common';
import { DurableClient, EntityId, InjectDurableClient } from 'nestjs-durable';
import { asBadRequest, wholeNumber } from '../support/bad-request.js';
import { Account } from './account.entity.js';

@Controller('accounts')
export class AccountsController {
  constructor(@InjectDurableClient() private readonly client: DurableClient) {}

  @Get()
  async list(@Query('page') continuationToken?: string) {
    const page = await this.client.listEntities({ entityName: 'account', fetchState: true, continuationToken }).catch(asBadRequest);
    const accounts = page.entities.map(({ entityId, state }) => ({ holder: entityId.key, balance: state }));
    return { accounts, nextPage: page.continuationToken };
  }

  @Get(':holder')
  async get(@Param('holder') holder: string) {
    const { entityExists, entityState } = await this.client.readEntityState<number>(new EntityId('account', holder));
    if (!entityExists) throw new NotFoundException(`${holder} has no account: the first deposit opens it.`);
    return { holder, balance: entityState };
  }

  @Post(':holder/deposits')
  @HttpCode(202)
  async deposit(@Param('holder') holder: string, @Body('amount') amount: unknown) {
    await this.client.entity(Account, holder).signal.deposit(wholeNumber('amount', amount, 1_000_000));
    return { holder, amount, links: { account: `/accounts/${holder}` } };
  }
}
