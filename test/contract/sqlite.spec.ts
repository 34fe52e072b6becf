import { sqliteCases } from './cases/sqlite.cases.js';
import { describeStore } from './store.contract.js';

describeStore('sqlite', sqliteCases);
