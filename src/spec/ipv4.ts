/** IPv4 addresses, networks and ranges as they are written in a mesh file. */

/** Both ends belong to the range. */
export interface AddressRange {
  first: number;
  last: number;
}

/** The address as a number, or undefined when the text is not one. */
export function parseAddress(text: string): number | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255))
    return undefined;
  return parts.reduce((sum, part) => sum * 256 + Number(part), 0);
}

export function formatAddress(value: number): string {
  return [2 ** 24, 2 ** 16, 2 ** 8, 1].map((unit) => Math.floor(value / unit) % 256).join('.');
}

/** A network, or why the text is none, with the text that was probably meant. */
export function parseCidr(text: string): (AddressRange & { prefix: number }) | { why: string; meant?: string } {
  const [base = '', bits, ...rest] = text.split('/');
  const address = parseAddress(base);
  if (bits === undefined && address !== undefined)
    return { why: `${text} is an address without a prefix length`, meant: `${formatAddress(maskTo(address, 16))}/16` };
  if (address === undefined || rest.length > 0 || bits === undefined || !/^\d{1,2}$/.test(bits) || Number(bits) > 32)
    return { why: `"${text}" is not an IPv4 network` };
  const prefix = Number(bits);
  const first = maskTo(address, prefix);
  if (first !== address)
    return {
      why: `${text} has bits set beyond its prefix of ${prefix}`,
      meant: `${formatAddress(first)}/${prefix}`,
    };
  return { first, last: first + 2 ** (32 - prefix) - 1, prefix };
}

/** `first-last` or a CIDR, as MetalLB's pools are written, or why the text is neither. */
export function parseRange(text: string): AddressRange | { why: string; meant?: string } {
  if (text.includes('/')) return parseCidr(text);
  const [from = '', to, ...rest] = text.split('-').map((part) => part.trim());
  const first = parseAddress(from);
  const last = to === undefined ? undefined : parseAddress(to);
  if (first !== undefined && to === undefined && rest.length === 0)
    return { why: `${text} is one address and not a range`, meant: `${text}-${text}` };
  if (first === undefined || last === undefined || rest.length > 0)
    return { why: `"${text}" is not a range of IPv4 addresses` };
  if (first > last)
    return { why: `${text} ends before it begins`, meant: `${formatAddress(last)}-${formatAddress(first)}` };
  return { first, last };
}

export function formatRange(range: AddressRange): string {
  return `${formatAddress(range.first)}-${formatAddress(range.last)}`;
}

export function overlaps(a: AddressRange, b: AddressRange): boolean {
  return a.first <= b.last && b.first <= a.last;
}

/** Arithmetic instead of bit operators, since those are signed beyond 2^31. */
function maskTo(address: number, prefix: number): number {
  const size = 2 ** (32 - prefix);
  return Math.floor(address / size) * size;
}
