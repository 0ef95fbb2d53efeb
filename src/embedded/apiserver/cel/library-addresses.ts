/** Kubernetes' functions on URLs, IP addresses and ranges of them. */
import { BlockList, isIP } from 'node:net';
import type { Environment } from '@marcbachmann/cel-js';

export class Url {
  readonly url: URL | undefined;
  readonly text: string;

  constructor(text: string) {
    this.text = text;
    this.url = text.startsWith('/') ? undefined : new URL(text);
  }

  /** An absolute path is a URL too; anything else needs a scheme. */
  static parse(text: string): Url | undefined {
    if (!text.startsWith('/') && !/^[a-z][a-z0-9+.-]*:/i.test(text)) return undefined;
    try {
      return new Url(text);
    } catch {
      return undefined;
    }
  }
}

class Address {
  readonly text: string;
  readonly family: number;

  constructor(text: string) {
    this.text = text;
    this.family = isIP(text);
  }
}

class Range {
  readonly address: Address;
  readonly prefix: number;

  constructor(address: Address, prefix: number) {
    this.address = address;
    this.prefix = prefix;
  }

  /** @returns undefined for what is no range */
  static parse(text: string): Range | undefined {
    const [ip = '', prefix = ''] = text.split('/');
    const address = new Address(ip);
    const isPrefix = /^\d{1,3}$/.test(prefix) && Number(prefix) <= (address.family === 4 ? 32 : 128);
    return address.family && isPrefix ? new Range(address, Number(prefix)) : undefined;
  }

  has(address: Address): boolean {
    if (address.family !== this.address.family) return false;
    const list = new BlockList();
    const family = address.family === 4 ? 'ipv4' : 'ipv6';
    list.addSubnet(this.address.text, this.prefix, family);
    return list.check(address.text, family);
  }
}

/** @throws Error saying what the text is not */
function orFail<T>(value: T | undefined, text: string, what: string): T {
  if (value === undefined) throw new Error(`${JSON.stringify(text)} is not ${what}`);
  return value;
}

const within = (address: Address, ...ranges: string[]): boolean =>
  ranges.some((range) => Range.parse(range)!.has(address));

export function registerAddresses(environment: Environment): void {
  const add = (signature: string, handler: (...args: any[]) => unknown) =>
    environment.registerFunction(signature, handler);
  environment.registerType('URL', { ctor: Url, fields: {} });
  environment.registerType('IP', { ctor: Address, fields: {} });
  environment.registerType('CIDR', { ctor: Range, fields: {} });
  add('url(string): URL', (text: string) => orFail(Url.parse(text), text, 'a URL'));
  add('isURL(string): bool', (text: string) => Url.parse(text) !== undefined);
  add('URL.getScheme(): string', ({ url }: Url) => url?.protocol.slice(0, -1) ?? '');
  add('URL.getHost(): string', ({ url }: Url) => url?.host ?? '');
  add('URL.getHostname(): string', ({ url }: Url) => url?.hostname ?? '');
  add('URL.getPort(): string', ({ url, text }: Url) => url?.port || (/^[^/]*\/\/[^/]*:(\d+)/.exec(text)?.[1] ?? ''));
  add('URL.getEscapedPath(): string', ({ url, text }: Url) => url?.pathname ?? text.split('?')[0]!);
  add('URL.getQuery(): map', ({ url, text }: Url) => {
    const query = url?.searchParams ?? new URLSearchParams(text.split('?')[1] ?? '');
    return Object.fromEntries([...new Set(query.keys())].map((key) => [key, query.getAll(key)]));
  });
  const ip = (text: string): Address | undefined => (isIP(text) ? new Address(text) : undefined);
  add('ip(string): IP', (text: string) => orFail(ip(text), text, 'an IP address'));
  add('isIP(string): bool', (text: string) => isIP(text) !== 0);
  add('IP.family(): int', ({ family }: Address) => BigInt(family));
  add('IP.isLoopback(): bool', (one: Address) => within(one, '127.0.0.0/8', '::1/128'));
  add('IP.isUnspecified(): bool', (one: Address) => within(one, '0.0.0.0/32', '::/128'));
  add('IP.isLinkLocalUnicast(): bool', (one: Address) => within(one, '169.254.0.0/16', 'fe80::/10'));
  add('IP.isLinkLocalMulticast(): bool', (one: Address) => within(one, '224.0.0.0/24', 'ff02::/16'));
  add(
    'IP.isGlobalUnicast(): bool',
    (one: Address) =>
      !within(
        one,
        '127.0.0.0/8',
        '::1/128',
        '0.0.0.0/32',
        '::/128',
        '169.254.0.0/16',
        'fe80::/10',
        '224.0.0.0/4',
        'ff00::/8',
        '255.255.255.255/32',
      ),
  );
  add('cidr(string): CIDR', (text: string) => orFail(Range.parse(text), text, 'a CIDR'));
  add('isCIDR(string): bool', (text: string) => Range.parse(text) !== undefined);
  add('CIDR.ip(): IP', (range: Range) => range.address);
  add('CIDR.prefixLength(): int', (range: Range) => BigInt(range.prefix));
  add('CIDR.containsIP(IP): bool', (range: Range, one: Address) => range.has(one));
  add('CIDR.containsIP(string): bool', (range: Range, text: string) =>
    range.has(orFail(ip(text), text, 'an IP address')),
  );
  const containsRange = (range: Range, other: Range): boolean =>
    other.prefix >= range.prefix && range.has(other.address);
  add('CIDR.containsCIDR(CIDR): bool', containsRange);
  add('CIDR.containsCIDR(string): bool', (range: Range, text: string) =>
    containsRange(range, orFail(Range.parse(text), text, 'a CIDR')),
  );
}
