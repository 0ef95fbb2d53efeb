/** IPv4 arithmetic for networks that are known to be valid. */

export function addressToNumber(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

export function numberToAddress(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}

/** The address at a position in a network: 1 is its first usable one. */
export function addressAt(cidr: string, position: number): string {
  const [base, bits] = cidr.split('/') as [string, string];
  const size = 2 ** (32 - Number(bits));
  const start = Math.floor(addressToNumber(base) / size) * size;
  return numberToAddress(start + position);
}

export function prefixLength(cidr: string): number {
  return Number(cidr.split('/')[1]);
}
