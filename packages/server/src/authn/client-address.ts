import type { IncomingMessage } from 'node:http'
import { BlockList, isIP, isIPv4 } from 'node:net'

/** Proxies whose word on the client's address is taken. */
export type TrustedProxies = Pick<BlockList, 'check'>

/** Of addresses and networks (`10.0.0.0/8`) as `isProxy` takes them. */
export function trustedProxies(proxies: readonly string[]): TrustedProxies {
  const list = new BlockList()
  for (const each of proxies) {
    const [address, bits] = each.split('/') as [string, string?]
    if (bits === undefined) list.addAddress(address, familyOf(address))
    else list.addSubnet(address, Number(bits), familyOf(address))
  }
  return list
}

/** True for an address, or a network in CIDR form. */
export function isProxy(text: string): boolean {
  const [address = '', bits, ...more] = text.split('/')
  if (isIP(address) === 0 || more.length > 0) return false
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (isIPv4(address) ? 32 : 128))
}

/**
 * Whose request it is: the address of the socket or, where that is a trusted proxy's, the last in `X-Forwarded-For` that is no trusted proxy's.
 * What stands before that one is the client's own word, and is not looked at.
 */
export function clientAddress({ socket, headers }: IncomingMessage, proxies: TrustedProxies): string {
  let client = plainAddress(socket.remoteAddress ?? 'unknown')
  const told = String(headers['x-forwarded-for'] ?? '').split(',')
  while (isIP(client) !== 0 && proxies.check(client, familyOf(client))) {
    const before = withoutPort((told.pop() ?? '').trim())
    if (isIP(before) === 0) break
    client = before
  }
  return client
}

/** An IPv4 address that came over an IPv6 socket as it is, and without the name of an interface. */
export function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '')
}

const familyOf = (address: string) => (isIPv4(address) ? 'ipv4' : 'ipv6')

/** Some proxies write `192.0.2.1:443` and `[2001:db8::1]:443`. */
function withoutPort(hop: string): string {
  const [, bracketed, dotted] = /^(?:\[([^\]]*)\]|(\d+\.\d+\.\d+\.\d+))(?::\d+)?$/.exec(hop) ?? []
  return plainAddress(bracketed ?? dotted ?? hop)
}
