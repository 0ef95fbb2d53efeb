/** Addresses of gateways that are known by a host name, as load balancers of some clouds are: proxies are told addresses only. */
import { Resolver } from 'node:dns/promises';
import type { NetworkGateway } from '../model.ts';
import { isAddress } from './workload-entries.ts';

const longestTtlMs = 60_000;
const shortestTtlMs = 1_000;

export class GatewayNames {
  readonly #known = new Map<string, { addresses: string[]; timer: NodeJS.Timeout | undefined }>();
  readonly #resolver = new Resolver();
  readonly #onChange: (name: string) => void;
  readonly #log: (line: string) => void;

  constructor(onChange: (name: string) => void, log: (line: string) => void) {
    this.#onChange = onChange;
    this.#log = log;
  }

  /** Each gateway by its addresses. A name that is new is asked for, and those who listen are told when the answer is there. */
  resolved(gateways: NetworkGateway[]): NetworkGateway[] {
    const names = new Set(gateways.map(({ address }) => address).filter((one) => !isAddress(one)));
    for (const [name, { timer }] of this.#known) {
      if (names.has(name)) continue;
      clearTimeout(timer);
      this.#known.delete(name);
    }
    for (const name of names) {
      if (this.#known.has(name)) continue;
      this.#known.set(name, { addresses: [], timer: undefined });
      void this.#ask(name);
    }
    return gateways.flatMap((gateway) =>
      isAddress(gateway.address)
        ? [gateway]
        : (this.#known.get(gateway.address)?.addresses ?? []).map((address) => ({ ...gateway, address })),
    );
  }

  stop(): void {
    for (const { timer } of this.#known.values()) clearTimeout(timer);
    this.#known.clear();
    this.#resolver.cancel();
  }

  /** What was found before is kept while the name is not answered. */
  async #ask(name: string): Promise<void> {
    let wait = shortestTtlMs;
    let addresses: string[] | undefined;
    try {
      const found = await this.#resolver.resolve4(name, { ttl: true });
      addresses = found.map((one) => one.address).sort();
      wait = Math.min(longestTtlMs, Math.max(shortestTtlMs, Math.min(...found.map((one) => one.ttl * 1000))));
    } catch (error) {
      this.#log(`gateway ${name} has no address: ${error instanceof Error ? error.message : error}`);
      wait = longestTtlMs / 12;
    }
    const known = this.#known.get(name);
    if (!known) return;
    known.timer = setTimeout(() => void this.#ask(name), wait).unref();
    if (!addresses || addresses.join() === known.addresses.join()) return;
    known.addresses = addresses;
    this.#onChange(name);
  }
}
