import { port } from './logins.ts'

/**
 * PostgreSQL's settings, given on the command line: neither postgresql.conf nor ALTER SYSTEM can override them there.
 * Logs keep the server's own events and leave out errors, statements and details, because those quote content.
 * @param name shown by every process of the server
 * @param socketDirectory as the server sees it
 */
export function serverSettings(name: string, socketDirectory: string): readonly string[] {
  const settings = {
    listen_addresses: '',
    unix_socket_directories: socketDirectory,
    unix_socket_permissions: '0700',
    port,
    password_encryption: 'scram-sha-256',
    max_connections: 100,
    superuser_reserved_connections: 10,
    shared_buffers: '128MB',
    jit: 'off',
    fsync: 'on',
    full_page_writes: 'on',
    synchronous_commit: 'on',
    restart_after_crash: 'on',
    timezone: 'UTC',
    log_timezone: 'UTC',
    logging_collector: 'off',
    log_destination: 'stderr',
    log_line_prefix: '%m [%p] ',
    log_statement: 'none',
    log_duration: 'off',
    log_min_duration_statement: -1,
    log_min_messages: 'log',
    log_min_error_statement: 'panic',
    log_error_verbosity: 'terse',
    log_parameter_max_length: 0,
    log_parameter_max_length_on_error: 0,
    cluster_name: name,
    update_process_title: 'on',
  }
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
}
