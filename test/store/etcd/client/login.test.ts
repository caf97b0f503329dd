import { beforeEach, describe, expect, test } from 'vitest';
import { Login } from '../../../../src/store/etcd/client/login.ts';
import { EtcdCallError, STATUS } from '../../../../src/store/etcd/client/status-codes.ts';
import { FakeClock } from '../../../support/clock.ts';

const WRONG = new EtcdCallError(
  STATUS.INVALID_ARGUMENT,
  'authentication failed, invalid user ID or password',
);

describe('a login to etcd', () => {
  let clock: FakeClock;
  let logins: number;
  let refusal: EtcdCallError | undefined;
  let login: Login;
  beforeEach(() => {
    clock = new FakeClock();
    logins = 0;
    refusal = undefined;
    login = new Login(clock, async () => {
      logins += 1;
      if (refusal !== undefined) throw refusal;
      return `token-${logins}`;
    });
  });

  test('is one for all that wait', async () => {
    const tokens = await Promise.all([login.token(), login.token(), login.token()]);

    expect(tokens).toEqual(['token-1', 'token-1', 'token-1']);
    expect(logins).toBe(1);
  });

  test('is one more for all whose token was refused', async () => {
    const token = await login.token();
    await clock.pass(1000);

    const areWorthIt = [1, 2, 3].map(() => login.refused(token));
    const tokens = await Promise.all([login.token(), login.token()]);

    expect(areWorthIt).toEqual([true, true, true]);
    expect(tokens).toEqual(['token-2', 'token-2']);
    expect(logins).toBe(2);
  });

  test('that does not help is made less and less often, every five seconds at the most', async () => {
    for (let tenth = 0; tenth < 600; tenth += 1) {
      const token = await login.token();
      if (login.refused(token)) login.helped(await login.token(), false);
      await clock.pass(100);
    }

    expect(logins).toBeGreaterThan(10);
    expect(logins).toBeLessThan(16);
  });

  test('that helps is made at once when a token is refused again', async () => {
    for (let hour = 0; hour < 5; hour += 1) {
      const token = await login.token();
      await clock.pass(3_600_000);
      expect(login.refused(token)).toBe(true);
      login.helped(await login.token(), true);
    }

    expect(logins).toBe(6);
  });

  test('with a wrong password is made every five seconds at the most, and all meanwhile hear why', async () => {
    refusal = WRONG;
    for (let tenth = 0; tenth < 600; tenth += 1) {
      await expect(login.token()).rejects.toBe(WRONG);
      await clock.pass(100);
    }
    expect(logins).toBeGreaterThan(10);
    expect(logins).toBeLessThan(16);

    refusal = undefined;
    await clock.pass(5000);
    expect(await login.token()).toBe(`token-${logins}`);
  });

  test('where authentication is off is no token, until one is wanted', async () => {
    refusal = new EtcdCallError(STATUS.FAILED_PRECONDITION, 'authentication is not enabled');
    expect(await login.token()).toBe('');

    refusal = undefined;
    await clock.pass(1000);
    expect(login.refused('')).toBe(true);
    expect(await login.token()).toBe('token-2');
  });

  test('that a lost connection prevented is made again at once', async () => {
    refusal = new EtcdCallError(STATUS.UNAVAILABLE, 'no way there');
    await expect(login.token()).rejects.toBe(refusal);
    refusal = undefined;

    expect(await login.token()).toBe('token-2');
  });
});
