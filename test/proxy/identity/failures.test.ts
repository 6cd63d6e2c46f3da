import { expect, test } from 'vitest'
import { isAddressOrNetwork, trusted } from '../../../forwarded.ts'
import { AuthenticationError } from '../../../proxy/identity/errors.ts'
import { networkOf, watchFailures } from '../../../proxy/identity/failures.ts'

const bad = () => Promise.reject(new AuthenticationError('bad_credential', 'no'))
const away = () => Promise.reject(new AuthenticationError('unavailable', 'cannot look'))
const good = () => Promise.resolve('ana')

test('the minute begins with the first failure; after it the address may try again', async () => {
  let time = 1_000
  const failures = watchFailures({ perMinute: 2, now: () => time })
  await expect(failures.watch('a', '1', bad)).rejects.toMatchObject({ code: 'bad_credential' })
  time += 20_000
  await expect(failures.watch('a', '2', bad)).rejects.toMatchObject({ code: 'bad_credential' })
  await expect(failures.watch('a', '3', good)).rejects.toMatchObject({
    code: 'too_many_failures',
    retryAfterMs: 40_000,
    hint: 'Try again in 40 s',
  })
  time += 40_000
  expect(await failures.watch('a', '3', good)).toBe('ana')
})

test('neither success nor our own trouble counts', async () => {
  const failures = watchFailures({ perMinute: 1, now: () => 0 })
  for (let n = 0; n < 5; n++) {
    expect(await failures.watch('a', `good ${n}`, good)).toBe('ana')
    await expect(failures.watch('a', `${n}`, away)).rejects.toMatchObject({ code: 'unavailable' })
  }
})

test('what was proven once is looked at again, not believed', async () => {
  const failures = watchFailures({ perMinute: 1, now: () => 0 })
  await failures.watch('a', 'mine', good)
  await expect(failures.watch('a', 'guess', bad)).rejects.toMatchObject({ code: 'bad_credential' })
  await expect(failures.watch('a', 'mine', bad)).rejects.toMatchObject({ code: 'bad_credential' })
})

test('what is remembered of addresses is bounded', async () => {
  const failures = watchFailures({ perMinute: 1, now: () => 0 })
  for (let n = 0; n <= 10_000; n++) await failures.watch(`10.${n}`, 'x', bad).catch(() => undefined)
  await expect(failures.watch('10.0', 'x', bad)).rejects.toMatchObject({ code: 'bad_credential' })
  await expect(failures.watch('10.10000', 'x', bad)).rejects.toMatchObject({ code: 'too_many_failures' })
})

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:DB8:1:2::9', '2001:db8:1:2'],
  ['2001:db8::1', '2001:db8:0:0'],
  ['::1', '0:0:0:0'],
])('%s counts as %s', (address, network) => {
  expect(networkOf(address)).toBe(network)
})

test('proxies are addresses and networks, or the configuration is refused', () => {
  expect(trusted('')).toBe(false)
  expect(trusted(' 10.0.0.0/8, ::1 ')).toEqual(['10.0.0.0/8', '::1'])
  for (const one of ['10.0.0.1', '10.0.0.0/8', 'fd00::/8', '::1']) expect(isAddressOrNetwork(one)).toBe(true)
  for (const one of ['', 'lb', '10.0.0.0/33', '10.0.0.0/8/8', '10.0.0.0/x', 'fd00::/129', 'loopback'])
    expect(isAddressOrNetwork(one)).toBe(false)
})
