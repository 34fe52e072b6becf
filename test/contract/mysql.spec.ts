import { mysqlCases } from './cases/mysql.cases.js';
import { describeStore } from './store.contract.js';

describeStore('mysql', mysqlCases);
