import pg from 'pg'
import type { ServerCircumstances } from './judge-facts.ts'

/**
 * How a connection made with these settings is protected, as the driver resolves them (connection string and PG*
 * environment included). `loopback`: a Unix socket or this machine's own address. `verified`: TLS that checks the server's
 * certificate. Opens nothing.
 */
export function transportOf(settings: pg.ClientConfig): ServerCircumstances['tls'] {
  const { host, ssl } = new pg.Client(settings) as { host: string; ssl: pg.ClientConfig['ssl'] }
  if (isLoopback(host)) return 'loopback'
  if (!ssl) return 'none'
  // Node's own default is to verify, unless this variable turns it off for the whole process.
  const byDefault = process.env.NODE_TLS_REJECT_UNAUTHORIZED !== '0'
  return (ssl === true ? byDefault : (ssl.rejectUnauthorized ?? byDefault)) ? 'verified' : 'none'
}

function isLoopback(host: string): boolean {
  return host.startsWith('/') || /^(localhost|::1|127(\.\d{1,3}){3})$/.test(host)
}
