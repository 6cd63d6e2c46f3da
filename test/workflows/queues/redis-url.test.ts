import { expect, test } from 'vitest'
import { redisAddress } from '../../../workflows/queues/redis-url.ts'

const place = { username: undefined, password: undefined, tls: false }

test.each([
  ['redis://localhost:6379/2', { kind: 'standalone', url: 'redis://localhost:6379/2' }],
  [
    'redis+sentinel://one,two:26380/mymaster',
    {
      kind: 'sentinel',
      ...place,
      nodes: [
        { host: 'one', port: 26_379 },
        { host: 'two', port: 26_380 },
      ],
      master: 'mymaster',
      db: 0,
    },
  ],
  [
    'rediss+sentinel://me:p%40ss@10.0.0.1/main/3',
    {
      kind: 'sentinel',
      nodes: [{ host: '10.0.0.1', port: 26_379 }],
      master: 'main',
      db: 3,
      username: 'me',
      password: 'p@ss',
      tls: true,
    },
  ],
  [
    'redis+cluster://:secret@[::1]:7000,node-2',
    {
      kind: 'cluster',
      ...place,
      password: 'secret',
      nodes: [
        { host: '::1', port: 7000 },
        { host: 'node-2', port: 6379 },
      ],
    },
  ],
])('%s is read', (url, address) => {
  expect(redisAddress(url)).toEqual(address)
})

test.each([
  'localhost:6379',
  'http://localhost',
  'redis+sentinel://host',
  'redis+sentinel:///name',
  'redis+cluster://host/name',
  'redis+cluster://host:99999',
  'redis+cluster://ho st',
  'redis+other://host',
])('%s is no address', (url) => {
  expect(redisAddress(url)).toBeNull()
})
