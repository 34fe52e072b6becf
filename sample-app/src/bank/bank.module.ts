import { Module } from '@nestjs/common';
import { Account } from './account.entity.js';
import { AccountsController } from './accounts.controller.js';
import { Bank } from './bank.js';

@Module({ controllers: [AccountsController], providers: [Account, Bank] })
export class BankModule {}
