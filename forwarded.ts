import { isIP } from 'node:net'

/**
 * Who says where a request came from: nobody but the load balancers that the configuration names. Anybody can send an
 * X-Forwarded-For, so without them the address is that of the connection.
 */
export function trusted(proxies: string): string[] | false {
  const named = addressesIn(proxies)
  return named.length === 0 ? false : named
}

export function addressesIn(text: string): string[] {
  return text
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '')
}

/** As in 10.1.2.3, 10.0.0.0/8 or fd00::/8. */
export function isAddressOrNetwork(text: string): boolean {
  const [address = '', bits, more] = text.split('/')
  const family = isIP(address)
  if (family === 0 || more !== undefined) return false
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128))
}
