import { QueryFailedError } from 'typeorm';
import { isDuplicateKey, isRolledBack, mapError } from '../../../lib/storage/error-mapping.js';
import { FenceLostError, isOfServer, OutcomeUnknownError, StaleMemberError, TransientStoreError } from '../../../lib/storage/errors.js';

/** An error as TypeORM hands a driver's on. */
function failure(code: string, errno?: number, message = 'said the driver'): QueryFailedError {
  return new QueryFailedError('SELECT 1', [], Object.assign(new Error(message), { code, errno }));
}

describe('the mapping of errors', () => {
  it.each([
    ['a deadlock', failure('ER_LOCK_DEADLOCK', 1213)],
    ['a lock wait that was too long', failure('ER_LOCK_WAIT_TIMEOUT', 1205)],
    ['a record that has changed', failure('ER_CHECKREAD', 1020)],
    ['a node that is not ready', failure('ER_UNKNOWN_COM_ERROR', 1047)],
    ['an error during commit', failure('ER_ERROR_DURING_COMMIT', 1180)],
    ['a conflict of group replication', failure('ER_TRANSACTION_ROLLBACK_DURING_COMMIT', 3101)],
    ['a server whose prepared statements are used up', failure('ER_MAX_PREPARED_STMT_COUNT_REACHED', 1461)],
    ['a server that is read-only after a failover', failure('ER_OPTION_PREVENTS_STATEMENT', 1290)],
    ['a server that shuts down', failure('ER_SERVER_SHUTDOWN', 1053)],
    ['a server that is offline for maintenance', failure('ER_SERVER_OFFLINE_MODE', 3032)],
    ['a connection that the server closed because it was idle', failure('ER_CLIENT_INTERACTION_TIMEOUT', 4031)],
    ['a lost connection', failure('PROTOCOL_CONNECTION_LOST')],
    ['a connection that was closed before', failure('', undefined, "Can't add new command when connection is in closed state")],
    ['a busy SQLite file', failure('SQLITE_BUSY_SNAPSHOT')],
    ['a full disk', failure('SQLITE_FULL')],
  ])('%s may pass: the same may be tried again', (_what, error) => {
    const mapped = mapError(error);
    expect(mapped).toBeInstanceOf(TransientStoreError);
    expect(mapped).toMatchObject({ cause: error });
  });

  it.each([
    ['a wrong password', failure('ER_ACCESS_DENIED_ERROR', 1045)],
    ['an unknown database', failure('ER_BAD_DB_ERROR', 1049)],
    ['a key that is there already', failure('ER_DUP_ENTRY', 1062)],
    ['a statement that is too large', failure('ER_NET_PACKET_TOO_LARGE', 1153)],
    ['a value that is too long', failure('ER_DATA_TOO_LONG', 1406)],
    ['what another layer threw', new TypeError('no driver\'s')],
  ])('%s stays as it is', (_what, error) => {
    expect(mapError(error)).toBe(error);
  });

  it.each([
    new FenceLostError('lost', [1]),
    new StaleMemberError('stale'),
    new OutcomeUnknownError("The answer to COMMIT was lost: Can't add new command when connection is in closed state"),
    new TransientStoreError('away'),
  ])('the port\'s own $name stays as it is, whatever its text', (error) => {
    expect(mapError(error)).toBe(error);
  });

  it.each([
    ['a right that was taken away', failure('ER_TABLEACCESS_DENIED_ERROR', 1142)],
    ['a password that was changed, which the pool meets', Object.assign(new Error('denied'), { code: 'ER_ACCESS_DENIED_ERROR', errno: 1045 })],
    ['a table that is gone', failure('ER_NO_SUCH_TABLE', 1146)],
    ['a disk without a place for temporary files', failure('ER_ERROR_ON_WRITE', 1026)],
    ['a damaged SQLite file', failure('SQLITE_CORRUPT')],
  ])('%s lies with the server, not with what is written', (_what, error) => {
    expect(isOfServer(error)).toBe(true);
  });

  it.each([
    ['a value that is too long', failure('ER_DATA_TOO_LONG', 1406)],
    ['a statement that is too large', failure('ER_NET_PACKET_TOO_LARGE', 1153)],
    ['a value that is too large for SQLite', failure('SQLITE_TOOBIG')],
    ['a constraint of SQLite', failure('SQLITE_CONSTRAINT_TRIGGER')],
    ['an error of Node', Object.assign(new Error('no such file'), { code: 'ENOENT', errno: -2 })],
    ['what another layer threw', new TypeError("no driver's")],
    ['what may pass', new TransientStoreError('away')],
  ])('%s does not lie with the server', (_what, error) => {
    expect(isOfServer(error)).toBe(false);
  });

  it('an attempt at several addresses has no message of its own: its code stands for one', () => {
    const refused = Object.assign(new AggregateError([new Error('::1'), new Error('127.0.0.1')]), { code: 'ECONNREFUSED' });
    expect(mapError(refused)).toMatchObject({ message: 'ECONNREFUSED' });
  });

  it('[I2] a COMMIT was not carried out only where the server says so', () => {
    expect([1213, 1205, 1020, 3101].map((errno) => isRolledBack(failure('', errno)))).toEqual([true, true, true, true]);
    expect([1053, 1180, 1317, undefined].map((errno) => isRolledBack(failure('', errno)))).toEqual([false, false, false, false]);
  });

  it.each(['ER_DUP_ENTRY', 'SQLITE_CONSTRAINT_PRIMARYKEY', 'SQLITE_CONSTRAINT_UNIQUE'])('%s is a key that is there already', (code) => {
    expect(isDuplicateKey(failure(code))).toBe(true);
  });
});
