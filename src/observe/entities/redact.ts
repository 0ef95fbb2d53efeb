/** Keys and certificates' bytes are cut out of whatever a proxy tells of itself. */
const hidden = new Set([
  'private_key',
  'privateKey',
  'inline_bytes',
  'inlineBytes',
  'private_key_provider',
  'password',
  'session_ticket_keys',
  'sessionTicketKeys',
  'generic_secret',
  'genericSecret',
]);

export function withoutSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (value === null || typeof value !== 'object')
    return typeof value === 'string' && /-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(value) ? '[hidden]' : value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [key, hidden.has(key) ? '[hidden]' : withoutSecrets(one)]),
  );
}
